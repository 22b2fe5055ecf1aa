// What one track alone gives away: positions that nobody can have reached, positions that stand still under a moving aircraft,
// and flight on a near perfect circle (which only together with others on the same circle means anything).

#include "gate.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <thread>

#include "earth.hpp"

namespace overflight {

constexpr uint32_t kFrozen = 1, kJump = 2, kRelocated = 4;
constexpr int64_t kRingStepUs = 10'000'000;

namespace {

double distance(double lat_a, double lon_a, double lat_b, double lon_b) { return norm(surface(lat_a, lon_a) - surface(lat_b, lon_b)); }

// Whether an aircraft can have flown from one fix to the other.
bool reachable(const GateLimits& lim, const Fix& from, const Fix& to) {
    const double dt = 1e-6 * static_cast<double>(to.time_us - from.time_us);
    double top = lim.top_speed_mps;
    if (dt <= 60.0 && !std::isnan(from.speed_mps) && !std::isnan(to.speed_mps))
        top = std::min(top, lim.speed_factor * std::max(from.speed_mps, to.speed_mps) + lim.speed_margin_mps);
    const double reach = top * (dt + lim.jitter_s) + lim.slack_m;
    // A degree of latitude is at least 110.5 km: most rows need no trigonometry.
    const double dlat = std::abs(to.latitude - from.latitude) * 111.7e3, dlon = std::abs(to.longitude - from.longitude) * 111.4e3;
    if (std::hypot(dlat, dlon) > reach && distance(from.latitude, from.longitude, to.latitude, to.longitude) > reach) return false;
    const double climb = std::abs(to.altitude_m - from.altitude_m);  // NaN compares false
    return !(climb > lim.climb_mps * (dt + lim.jitter_s) + lim.climb_slack_m);
}

struct Circle {
    int64_t row;
    double latitude, longitude, radius_m;
};

// Least-squares circle through the ring (Kasa 1976) in a plane that touches the Earth at its middle; false where it is none.
bool fit_circle(const GateLimits& lim, const TrackState& s, Circle& out) {
    const size_t n = s.ring_count;
    if (n < 9) return false;
    const double lat0 = s.ring_lat[s.ring_first], lon0 = s.ring_lon[s.ring_first], m = 111.2e3, k = m * std::cos(lat0 * kRadians);
    std::array<double, kRing> x, y;
    double mx = 0, my = 0;
    for (size_t i = 0; i < n; ++i) {
        const size_t at = (s.ring_first + i) % kRing;
        mx += x[i] = std::remainder(s.ring_lon[at] - lon0, 360.0) * k, my += y[i] = (s.ring_lat[at] - lat0) * m;
    }
    mx /= static_cast<double>(n), my /= static_cast<double>(n);
    double sxx = 0, sxy = 0, syy = 0, sxz = 0, syz = 0, sz = 0;
    for (size_t i = 0; i < n; ++i) {
        const double u = x[i] -= mx, v = y[i] -= my, z = u * u + v * v;
        sxx += u * u, sxy += u * v, syy += v * v, sxz += u * z, syz += v * z, sz += z;
    }
    const double det = sxx * syy - sxy * sxy;
    if (det <= 1e-6 * sxx * syy) return false;
    const double cx = 0.5 * (sxz * syy - syz * sxy) / det, cy = 0.5 * (syz * sxx - sxz * sxy) / det;
    const double r = std::sqrt(cx * cx + cy * cy + sz / static_cast<double>(n));
    if (!(r >= lim.circle_least_m && r <= lim.circle_most_m)) return false;
    uint32_t sectors = 0;
    double off = 0;
    for (size_t i = 0; i < n; ++i) {
        const double d = std::hypot(x[i] - cx, y[i] - cy) - r;
        off += d * d;
        sectors |= 1u << std::min(11, static_cast<int>((std::atan2(y[i] - cy, x[i] - cx) + 3.14159265358979) * (12.0 / 6.28318530717959)));
    }
    if (std::sqrt(off / static_cast<double>(n)) > lim.circle_roundness * r) return false;
    int covered = 0;
    for (int b = 0; b < 12; ++b) covered += (sectors >> b) & 1;
    if (covered < 8) return false;
    out.latitude = lat0 + (my + cy) / m, out.longitude = lon0 + (mx + cx) / k, out.radius_m = r;
    return true;
}

uint32_t look(const GateLimits& lim, TrackState& s, const Fix& fix) {
    if (s.has_still && s.still.latitude == fix.latitude && s.still.longitude == fix.longitude) {
        const double dt = 1e-6 * static_cast<double>(fix.time_us - s.still.time_us);
        if (dt >= lim.frozen_s && fix.speed_mps * dt > lim.frozen_m) return kFrozen;
    } else {
        s.still = fix, s.has_still = 1;
    }
    if (!s.has_good || reachable(lim, s.good, fix)) {
        s.good = fix, s.has_good = 1, s.pending_count = 0;
        return 0;
    }
    s.pending_count = s.pending_count > 0 && reachable(lim, s.pending, fix) ? s.pending_count + 1 : 1;
    s.pending = fix;
    if (s.pending_count < lim.relocate_after) return kJump;
    s.good = fix, s.pending_count = 0;  // so many agree with each other that the earlier position was the wrong one, or the track has moved
    return kRelocated;
}

bool ring_push(TrackState& s, const Fix& fix) {
    if (s.ring_count) {
        const int64_t since = fix.time_us - s.ring_us[s.newest()];
        if (since < kRingStepUs) return false;
        if (since > 6 * kRingStepUs) s.ring_count = 0;
    }
    if (s.ring_count == 0) s.ring_first = 0;
    if (s.ring_count == kRing) s.ring_first = (s.ring_first + 1) % kRing;
    else ++s.ring_count;
    const size_t k = s.newest();
    s.ring_us[k] = fix.time_us, s.ring_lat[k] = fix.latitude, s.ring_lon[k] = fix.longitude;
    return true;
}

// Whether the way flown is long for the distance made good: straight flight needs no fit.
bool turning(const TrackState& s, double speed_mps) {
    const size_t first = s.ring_first, last = s.newest();
    const double dt = 1e-6 * static_cast<double>(s.ring_us[last] - s.ring_us[first]);
    const double dlat = std::abs(s.ring_lat[last] - s.ring_lat[first]) * 110.5e3;
    if (dlat > 0.7 * speed_mps * dt) return false;
    const double dlon = std::remainder(s.ring_lon[last] - s.ring_lon[first], 360.0) * 111e3;
    return std::isnan(speed_mps) || std::hypot(dlat, dlon * std::cos(s.ring_lat[first] * kRadians)) < 0.7 * speed_mps * dt;
}

}  // namespace

nb::tuple TrackGate::update(In<int64_t> offsets, In<int64_t> time_us, In<double> latitude_deg, In<double> longitude_deg,
                            In<double> altitude_m, In<double> speed_mps, size_t threads) {
    const size_t n = time_us.shape(0), tracks = offsets.shape(0) - 1;
    require_size(latitude_deg, n, "latitude_deg");
    require_size(longitude_deg, n, "longitude_deg");
    require_size(altitude_m, n, "altitude_m");
    require_size(speed_mps, n, "speed_mps");
    if (offsets.shape(0) < 1 || offsets.data()[0] != 0 || offsets.data()[tracks] != static_cast<int64_t>(n))
        throw std::invalid_argument("offsets: do not span the rows");
    std::vector<uint32_t> flags(n, 0);
    std::vector<std::vector<Circle>> found(tracks);
    std::vector<Circle> circles;
    {
        nb::gil_scoped_release release;
        if (tracks_.size() < tracks) tracks_.resize(tracks);
        std::atomic<size_t> next{0};
        const auto work = [&] {
            for (size_t t; (t = next.fetch_add(1)) < tracks;) {
                TrackState& s = tracks_[t];
                for (int64_t k = offsets.data()[t]; k < offsets.data()[t + 1]; ++k) {
                    const Fix fix{time_us.data()[k], latitude_deg.data()[k], longitude_deg.data()[k], altitude_m.data()[k], speed_mps.data()[k]};
                    flags[static_cast<size_t>(k)] = look(limits_, s, fix);
                    if (flags[static_cast<size_t>(k)] & kFrozen || !ring_push(s, fix) || !turning(s, fix.speed_mps)) continue;
                    Circle c{k, 0, 0, 0};
                    if (fit_circle(limits_, s, c)) found[t].push_back(c);
                }
            }
        };
        std::vector<std::thread> pool;
        for (size_t k = 1; k < threads; ++k) pool.emplace_back(work);
        work();
        for (auto& t : pool) t.join();
        for (const auto& f : found) circles.insert(circles.end(), f.begin(), f.end());
    }
    const size_t m = circles.size();
    std::vector<int64_t> row(m);
    std::vector<double> lat(m), lon(m), radius(m);
    for (size_t k = 0; k < m; ++k) row[k] = circles[k].row, lat[k] = circles[k].latitude, lon[k] = circles[k].longitude, radius[k] = circles[k].radius_m;
    return nb::make_tuple(to_numpy(std::move(flags)), to_numpy(std::move(row)), to_numpy(std::move(lat)), to_numpy(std::move(lon)),
                          to_numpy(std::move(radius)));
}

void TrackGate::keep(In<int64_t> kept) {
    std::vector<TrackState> now;
    for (size_t k = 0; k < kept.shape(0); ++k)
        if (static_cast<uint64_t>(kept.data()[k]) < tracks_.size()) now.push_back(tracks_[static_cast<size_t>(kept.data()[k])]);
    tracks_ = std::move(now);
}

nb::bytes TrackGate::state() const { return nb::bytes(reinterpret_cast<const char*>(tracks_.data()), tracks_.size() * sizeof(TrackState)); }

void TrackGate::set_state(nb::bytes state) {
    if (state.size() % sizeof(TrackState)) throw std::invalid_argument("state: of another version of the kernels");
    tracks_.resize(state.size() / sizeof(TrackState));
    std::memcpy(tracks_.data(), state.c_str(), state.size());
}

}  // namespace overflight
