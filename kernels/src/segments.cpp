// Entry, exit and gravest moment of a loss are roots, not samples: see segments.hpp.

#include "segments.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace overflight {
namespace {

// Aircraft exactly at the minimum are separated, whatever the rounding of positions and of times in microseconds.
constexpr double kTouchHorizontal = 1e-3, kTouchVertical = 1e-6;  // m
constexpr double kTie = 1e-9;                                     // severities closer than this are equal
constexpr double kMeanRadius = 6371008.8;                         // m
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// A minimum is a distance along the surface, what is computed is its chord (0.8 mm shorter at 5 NM).
double chord(double arc_m) { return 2.0 * kMeanRadius * std::sin(arc_m / (2.0 * kMeanRadius)); }
double arc(double chord_m) { return 2.0 * kMeanRadius * std::asin(std::min(1.0, chord_m / (2.0 * kMeanRadius))); }

struct Interval {
    double low, high;
};

// Where |p + v t| < limit, given a = v.v, b = p.v, c = p.p - limit².
Interval quadratic_inside(double a, double b, double c) {
    constexpr double inf = std::numeric_limits<double>::infinity();
    if (a < 1e-12) return c < 0 ? Interval{-inf, inf} : Interval{inf, -inf};
    const double disc = b * b - a * c;
    if (disc <= 0) return {inf, -inf};
    const double q = -(b + std::copysign(std::sqrt(disc), b));
    const double r1 = q / a, r2 = q != 0 ? c / q : 0.0;
    return {std::min(r1, r2), std::max(r1, r2)};
}

Interval linear_inside(double z, double w, double limit) {  // where |z + w t| < limit
    constexpr double inf = std::numeric_limits<double>::infinity();
    if (w == 0) return std::abs(z) < limit ? Interval{-inf, inf} : Interval{inf, -inf};
    const double r1 = (-limit - z) / w, r2 = (limit - z) / w;
    return {std::min(r1, r2), std::max(r1, r2)};
}

// Relative motion of two aircraft from the beginning of their common time.
struct Motion {
    double a, b, c;  // horizontal distance² = a t² + 2 b t + c
    double z, w;     // vertical distance = z + w t; NaN where an altitude is unknown

    double horizontal(double t) const { return std::sqrt(std::max(0.0, (a * t + 2.0 * b) * t + c)); }
    double vertical(double t) const { return std::abs(z + w * t); }
};

struct Minimum {
    double horizontal_m, vertical_m;
};

// Share of the minimum that is left: of the distance that keeps more of it, and of both together to tell apart equal ones.
struct Share {
    double most, sum;

    bool less(const Share& o) const { return most < o.most - kTie || (most < o.most + kTie && sum < o.sum - kTie); }
};

Share share(const Motion& m, const Minimum& limit, double t) {
    const double h = m.horizontal(t) / limit.horizontal_m;
    if (std::isnan(m.z)) return {h, h};
    const double v = m.vertical(t) / limit.vertical_m;
    return {std::max(h, v), h + v};
}

// The gravest instant of [low, high]: the larger of two convex functions is least at an end, at one's own minimum, or where they
// meet. Of equally grave ones, as between two level flights, the one at which the other distance is least too; then the first.
double gravest(const Motion& m, const Minimum& limit, double low, double high) {
    double candidates[6] = {low, high, low, low, low, low};
    size_t count = 2;
    if (m.a >= 1e-12) candidates[count++] = -m.b / m.a;
    if (!std::isnan(m.z)) {
        if (m.w != 0) candidates[count++] = -m.z / m.w;
        const double h2 = limit.horizontal_m * limit.horizontal_m, v2 = limit.vertical_m * limit.vertical_m;
        const double a = m.a / h2 - m.w * m.w / v2, b = m.b / h2 - m.z * m.w / v2, c = m.c / h2 - m.z * m.z / v2;
        const double disc = b * b - a * c;
        if (std::abs(a) < 1e-18) {
            if (b != 0) candidates[count++] = -0.5 * c / b;
        } else if (disc >= 0) {
            const double q = -(b + std::copysign(std::sqrt(disc), b));
            candidates[count++] = q / a;
            if (q != 0) candidates[count++] = c / q;
        }
    }
    std::sort(candidates, candidates + count);
    double best = low;
    Share least = share(m, limit, low);
    for (size_t k = 0; k < count; ++k) {
        const double t = std::clamp(candidates[k], low, high);
        const Share s = share(m, limit, t);
        if (s.less(least)) least = s, best = t;
    }
    return best;
}

}  // namespace

void segment_losses(const Tracks& tr, const Layers& layers, int64_t i, int64_t j, double shrink_m, bool report_unknown,
                    std::vector<Loss>& out) {
    const int64_t t0 = std::max(tr.time_us[i], tr.time_us[j]), t1 = std::min(tr.time_us[i + 1], tr.time_us[j + 1]);
    if (t1 <= t0) return;
    const double span = 1e-6 * static_cast<double>(t1 - t0);
    const auto state = [&](int64_t k, Vec& p, Vec& v, double& z, double& w) {
        const double length = 1e-6 * static_cast<double>(tr.time_us[k + 1] - tr.time_us[k]);
        const double since = 1e-6 * static_cast<double>(t0 - tr.time_us[k]);
        const Vec before = tr.at(k);
        v = (1.0 / length) * (tr.at(k + 1) - before);
        p = before + since * v;
        w = (tr.altitude_m[k + 1] - tr.altitude_m[k]) / length;
        z = tr.altitude_m[k] + since * w;
    };
    Vec pa, va, pb, vb;
    double za, wa, zb, wb;
    state(i, pa, va, za, wa);
    state(j, pb, vb, zb, wb);
    const bool unknown = std::isnan(za) || std::isnan(zb) || std::isnan(wa) || std::isnan(wb);
    if (unknown && !report_unknown) return;

    const Vec p = pa - pb, v = va - vb;
    // Chords run a few metres below the surface: what is vertical here is no distance between the aircraft.
    const Vec n = up((pa + pb) + (0.5 * span) * (va + vb));
    const double pn = dot(p, n), vn = dot(v, n);
    Motion m{dot(v, v) - vn * vn, dot(p, v) - pn * vn, dot(p, p) - pn * pn, za - zb, wa - wb};
    if (unknown) m.z = m.w = kNan;

    double cuts[2 + 2 * 16];
    size_t count = 0;
    cuts[count++] = 0.0;
    if (!unknown)
        for (size_t k = 1; k < layers.count; ++k)
            for (const auto& [z, w] : {std::pair{za, wa}, std::pair{zb, wb}}) {
                const double t = w != 0 ? (layers.floor_m[k] - z) / w : -1.0;
                if (t > 0 && t < span) cuts[count++] = t;
            }
    cuts[count++] = span;
    std::sort(cuts, cuts + count);

    for (size_t k = 0; k + 1 < count; ++k) {
        double low = cuts[k], high = cuts[k + 1];
        if (high <= low) continue;
        const double mid = 0.5 * (low + high);
        // The higher aircraft decides the layer; where no altitude is known, the widest minimum holds.
        const size_t layer = unknown ? layers.count - 1 : layers.at(std::max(za + wa * mid, zb + wb * mid));
        const Minimum limit{layers.horizontal_m[layer], layers.vertical_m[layer]};
        const double reach = chord(limit.horizontal_m - shrink_m) - kTouchHorizontal;
        if (reach <= 0) continue;
        const Interval h = quadratic_inside(m.a, m.b, m.c - reach * reach);
        low = std::max(low, h.low), high = std::min(high, h.high);
        if (!unknown) {
            const Interval z = linear_inside(m.z, m.w, limit.vertical_m - kTouchVertical);
            low = std::max(low, z.low), high = std::min(high, z.high);
        }
        if (!(low < high)) continue;
        const double t = gravest(m, limit, low, high);
        const double h_start = m.horizontal(low), h_worst = m.horizontal(t);
        const auto stamp = [&](double s) { return t0 + static_cast<int64_t>(std::llround(1e6 * s)); };
        out.push_back({i, j, stamp(low), stamp(high), stamp(t), share(m, limit, t).most, arc(h_worst),
                       unknown ? kNan : m.vertical(t), h_start > 0 ? -(m.a * low + m.b) / h_start : std::sqrt(m.a)});
    }
}

}  // namespace overflight
