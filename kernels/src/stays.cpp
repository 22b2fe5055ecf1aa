// When each track was in which volume: exact instants of entry and exit, the length of the way, and how deep it went.
//
// An aircraft moves uniformly along the chord between two reports. A piece of boundary is a plane through the middle of the
// Earth, so the instant of a crossing is one division; so is that of passing a floor or a ceiling.

#include "stays.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

namespace overflight {
namespace {

// Why a stay begins or ends where it does. Goes on: at a report, in a segment before or after.
enum Why : uint8_t { kGoesOn = 0, kSeen = 1, kBoundary = 2, kLevel = 3, kActive = 4 };

struct Stay {
    uint32_t track, volume;
    int64_t start_us, end_us;
    Why start_why, end_why;
    bool unknown;                       // of some of it no altitude is known
    int64_t start_vertex, end_vertex;   // at which the segments begin in which it starts and ends
    double start_share, end_share;      // of those segments
    int64_t path_mm;
    double depth_m = -1.0;
    int64_t deepest_us = 0, deepest_vertex = 0;
};

struct Volumes {
    size_t size;
    const double *floor_m, *ceiling_m;
    const int64_t *window_offsets, *window_start_us, *window_end_us;
    std::vector<uint32_t> first_of_area;  // volumes of area k: first_of_area[k] to first_of_area[k + 1]
};

struct Tracks {
    const int64_t *offsets, *time_us;
    const double *latitude, *longitude, *altitude_m;
    const uint8_t* linked;
    const int64_t* fresh_from;
    Vec at(int64_t k) const { return surface(latitude[k], longitude[k]); }
};

// The point of the surface above a point of a chord.
Vec on_surface(Vec p) {
    const double b2 = kSemiMajor * kSemiMajor * (1.0 - kE2);
    return (1.0 / std::sqrt((p.x * p.x + p.y * p.y) / (kSemiMajor * kSemiMajor) + p.z * p.z / b2)) * p;
}

// The greatest distance to the boundary along a stay. A bound tells where it cannot be: distance changes by no more than the way
// flown, and that to one piece is convex along a chord.
class Depth {
   public:
    Depth(const Areas& areas, const Tracks& tracks, uint32_t area, Stay& stay) : areas_(areas), t_(tracks), area_(area), stay_(stay) {}

    void find() {
        knots_.push_back(knot(stay_.start_vertex, stay_.start_share));
        for (int64_t k = stay_.start_vertex + 1; k <= stay_.end_vertex; ++k) knots_.push_back(knot(k, 0.0));
        // A stay that goes on in the next batch ends at a report, which is then that report and not the end of the way to it.
        if (stay_.end_share == 1.0) knots_.push_back(knot(stay_.end_vertex + 1, 0.0));
        else if (stay_.end_share > 0.0 || knots_.size() == 1) knots_.push_back(knot(stay_.end_vertex, stay_.end_share));
        way_.push_back(0.0);
        for (size_t k = 1; k < knots_.size(); ++k) way_.push_back(way_.back() + norm(knots_[k].p - knots_[k - 1].p));
        measure(knots_.front());
        measure(knots_.back());
        between(0, knots_.size() - 1);
    }

   private:
    struct Knot {
        int64_t vertex;
        double share;
        Vec p;
        double far = -1.0;
        uint32_t piece = 0;
    };

    Knot knot(int64_t vertex, double share) const {
        if (share == 0.0) return {vertex, share, t_.at(vertex)};
        const Vec a = t_.at(vertex), b = t_.at(vertex + 1);
        return {vertex, share, on_surface(a + share * (b - a))};
    }

    void measure(Knot& k) {
        if (k.far >= 0.0) return;
        k.far = areas_.distance(area_, k.p, k.piece = near_);
        near_ = k.piece;
        const int64_t begin = t_.time_us[k.vertex];
        const int64_t at = k.share == 0.0 ? begin : begin + std::llround(k.share * static_cast<double>(t_.time_us[k.vertex + 1] - begin));
        if (k.far > stay_.depth_m || (k.far == stay_.depth_m && at < stay_.deepest_us)) stay_.depth_m = k.far, stay_.deepest_us = at, stay_.deepest_vertex = k.vertex;
    }

    void between(size_t i, size_t j) {
        if (i == j || 0.5 * (knots_[i].far + knots_[j].far + (way_[j] - way_[i])) <= stay_.depth_m) return;
        if (j - i == 1) return along(knots_[i], knots_[j]);
        const size_t middle = (i + j) / 2;
        measure(knots_[middle]);
        between(i, middle);
        between(middle, j);
    }

    void along(const Knot& a, const Knot& b) {
        const double length = norm(b.p - a.p);
        if (length < 1.0) return;
        const double by_a = std::max(a.far, areas_.distance_to_piece(a.piece, b.p)), by_b = std::max(b.far, areas_.distance_to_piece(b.piece, a.p));
        if (std::min({by_a, by_b, 0.5 * (a.far + b.far + length)}) <= stay_.depth_m) return;
        // Both lie in the segment that begins at the vertex of the first.
        const double end = b.vertex == a.vertex ? b.share : 1.0;
        Knot middle = knot(a.vertex, 0.5 * (a.share + end));
        measure(middle);
        along(a, middle);
        along(middle, b);
    }

    const Areas& areas_;
    const Tracks& t_;
    uint32_t area_;
    Stay& stay_;
    std::vector<Knot> knots_;
    std::vector<double> way_;
    uint32_t near_ = 0;  // the piece that was nearest to the last point
};

class Follower {
   public:
    Follower(const Areas& areas, const Volumes& volumes, const Tracks& tracks, const uint32_t* area_of, bool report_unknown)
        : areas_(areas), v_(volumes), t_(tracks), area_of_(area_of), report_unknown_(report_unknown) {}

    void follow(uint32_t track, std::vector<Stay>& out) {
        track_ = track;
        const int64_t first = t_.fresh_from[track], last = t_.offsets[track + 1];
        Vec before{};
        for (int64_t k = first; k < last; ++k) {
            const Vec here = t_.at(k);
            if (!t_.linked[k] || k == t_.offsets[track]) {
                close(out, -1);
                areas_.locate(here, in_here_);
                for (const uint32_t area : in_here_) spans(area, k, true, 0.0, 0.0, 0.0, false, false);
            } else {
                if (k == first) before = t_.at(k - 1), areas_.locate(before, in_before_);
                areas_.locate(here, in_here_);
                segment(k, before, here);
                close(out, t_.time_us[k]);
            }
            before = here;
            std::swap(in_before_, in_here_);
        }
        close(out, -1);
    }

   private:
    // The way from the report before to report k.
    void segment(int64_t k, Vec a, Vec b) {
        areas_.crossings(a, b, crossings_);
        if (in_before_.empty() && in_here_.empty() && crossings_.empty()) return;
        const double length = norm(b - a);
        size_t x = 0, i = 0, j = 0;
        constexpr uint32_t kNone = 0xFFFFFFFF;
        for (;;) {
            const uint32_t area = std::min({x < crossings_.size() ? crossings_[x].area : kNone, i < in_before_.size() ? in_before_[i] : kNone,
                                            j < in_here_.size() ? in_here_[j] : kNone});
            if (area == kNone) return;
            const bool inside = i < in_before_.size() && in_before_[i] == area, ends_inside = j < in_here_.size() && in_here_[j] == area;
            i += inside, j += ends_inside;
            shares_.clear();
            for (; x < crossings_.size() && crossings_[x].area == area; ++x) shares_.push_back(std::clamp(crossings_[x].share, 0.0, 1.0));
            if ((shares_.size() % 2 == 1) != (inside != ends_inside)) mend(inside);
            bool in = inside;
            double from = 0.0;
            for (const double share : shares_) {
                if (in) spans(area, k - 1, false, from, share, length, from > 0.0 || !inside, true);
                in = !in, from = share;
            }
            if (in) spans(area, k - 1, false, from, 1.0, length, !inside || !shares_.empty(), false);
        }
    }

    // A report that lies on the boundary: rounding may count a crossing there that is none, or miss one.
    void mend(bool inside) {
        if (shares_.empty()) {
            shares_.push_back(inside ? 0.0 : 1.0);
            return;
        }
        const auto nearest = std::min_element(shares_.begin(), shares_.end(), [](double p, double q) { return std::min(p, 1 - p) < std::min(q, 1 - q); });
        shares_.erase(nearest);
    }

    // Cut a stretch inside an area by the levels and times of its volumes. `crossed_in`, `crossed_out`: at the boundary.
    void spans(uint32_t area, int64_t vertex, bool alone, double from, double to, double length, bool crossed_in, bool crossed_out) {
        const int64_t begin_us = t_.time_us[vertex], span_us = alone ? 0 : t_.time_us[vertex + 1] - begin_us;
        double low = t_.altitude_m[vertex], high = alone ? low : t_.altitude_m[vertex + 1];
        const bool unknown = std::isnan(low) && std::isnan(high);
        if (std::isnan(low)) low = high;  // a single report without altitude is taken to be at that of the other
        if (std::isnan(high)) high = low;
        for (uint32_t volume = v_.first_of_area[area]; volume < v_.first_of_area[area + 1]; ++volume) {
            const double floor = v_.floor_m[volume], ceiling = v_.ceiling_m[volume];
            double start = from, end = to;
            Why start_why = alone ? kSeen : crossed_in ? kBoundary : kGoesOn, end_why = crossed_out ? kBoundary : kGoesOn;
            const bool unlimited = floor == -INFINITY && ceiling == INFINITY;
            if (unknown && !unlimited && !report_unknown_) continue;
            if (!unknown && !unlimited && !levels(low, high, floor, ceiling, start, end, start_why, end_why)) continue;
            const Stay found{track_, volume, begin_us + std::llround(start * static_cast<double>(span_us)), begin_us + std::llround(end * static_cast<double>(span_us)),
                             start_why, end_why, unknown && !unlimited, vertex, vertex, start, end, 0};
            const int64_t first = v_.window_offsets[volume], last = v_.window_offsets[volume + 1];
            if (first == last) add(found, length);
            for (int64_t w = first; w < last; ++w) {
                const int64_t active = v_.window_start_us[w], over = v_.window_end_us[w];
                if (found.start_us >= over || found.end_us < active) continue;
                Stay part = found;
                if (part.start_us < active) part.start_us = active, part.start_why = kActive, part.start_share = static_cast<double>(active - begin_us) / static_cast<double>(span_us);
                if (part.end_us > over) part.end_us = over, part.end_why = kActive, part.end_share = static_cast<double>(over - begin_us) / static_cast<double>(span_us);
                add(part, length);
            }
        }
    }

    static bool levels(double low, double high, double floor, double ceiling, double& start, double& end, Why& start_why, Why& end_why) {
        const double climb = high - low;
        if (climb == 0.0) return low >= floor && low <= ceiling;
        const double at_floor = (floor - low) / climb, at_ceiling = (ceiling - low) / climb;
        const double in = climb > 0 ? at_floor : at_ceiling, out = climb > 0 ? at_ceiling : at_floor;
        if (in > start) start = in, start_why = kLevel;
        if (out < end) end = out, end_why = kLevel;
        return start <= end;
    }

    void add(const Stay& found, double length) {
        Stay* open = nullptr;
        if (found.start_why == kGoesOn)
            for (Stay& stay : open_)
                if (stay.volume == found.volume && stay.end_why == kGoesOn && stay.end_us == found.start_us) open = &stay;
        if (!open) {
            open_.push_back(found);
            open = &open_.back();
            // What goes on from before this call is joined by the caller; within it a stay that has no beginning was not seen before.
            if (found.start_why == kGoesOn && found.start_vertex + 1 > t_.fresh_from[track_]) open->start_why = kSeen;
        } else {
            open->end_us = found.end_us, open->end_why = found.end_why, open->end_vertex = found.end_vertex, open->end_share = found.end_share;
            open->unknown |= found.unknown;
        }
        open->path_mm += std::llround(1000.0 * (found.end_share - found.start_share) * length);
    }

    // Put out the stays that nothing can continue: all where `now_us` is -1.
    void close(std::vector<Stay>& out, int64_t now_us) {
        size_t kept = 0;
        for (Stay& stay : open_) {
            if (now_us >= 0 && stay.end_why == kGoesOn && stay.end_us == now_us) {
                open_[kept++] = stay;
                continue;
            }
            Depth(areas_, t_, area_of_[stay.volume], stay).find();
            out.push_back(stay);
        }
        open_.resize(kept);
    }

    const Areas& areas_;
    const Volumes& v_;
    const Tracks& t_;
    const uint32_t* area_of_;
    bool report_unknown_;
    uint32_t track_ = 0;
    std::vector<uint32_t> in_before_, in_here_;
    std::vector<Areas::Crossing> crossings_;
    std::vector<double> shares_;
    std::vector<Stay> open_;
};

}  // namespace

nb::tuple stays(const Areas& areas, In<int64_t> offsets, In<int64_t> time_us, In<double> latitude_deg, In<double> longitude_deg,
                In<double> altitude_m, In<uint8_t> linked, In<int64_t> fresh_from, In<uint32_t> area, In<double> floor_m,
                In<double> ceiling_m, In<int64_t> window_offsets, In<int64_t> window_start_us, In<int64_t> window_end_us,
                bool report_unknown, size_t threads) {
    const size_t n = time_us.shape(0), tracks = fresh_from.shape(0), volumes = area.shape(0);
    require_size(offsets, tracks + 1, "offsets");
    require_size(latitude_deg, n, "latitude_deg");
    require_size(longitude_deg, n, "longitude_deg");
    require_size(altitude_m, n, "altitude_m");
    require_size(linked, n, "linked");
    require_size(floor_m, volumes, "floor_m");
    require_size(ceiling_m, volumes, "ceiling_m");
    require_size(window_offsets, volumes + 1, "window_offsets");
    require_size(window_end_us, window_start_us.shape(0), "window_end_us");
    if (offsets.data()[0] != 0 || offsets.data()[tracks] != static_cast<int64_t>(n)) throw std::invalid_argument("offsets: do not span the vertices");
    if (window_offsets.data()[0] != 0 || window_offsets.data()[volumes] != static_cast<int64_t>(window_start_us.shape(0))) throw std::invalid_argument("window_offsets: do not span the windows");
    Volumes v{volumes, floor_m.data(), ceiling_m.data(), window_offsets.data(), window_start_us.data(), window_end_us.data(), {}};
    v.first_of_area.assign(areas.size() + 1, 0);
    for (size_t k = 0; k < volumes; ++k) {
        if (area.data()[k] >= areas.size() || (k && area.data()[k] < area.data()[k - 1])) throw std::invalid_argument("area: does not ascend, or is beyond the areas");
        ++v.first_of_area[area.data()[k] + 1];
    }
    for (size_t k = 1; k < v.first_of_area.size(); ++k) v.first_of_area[k] += v.first_of_area[k - 1];
    const Tracks t{offsets.data(), time_us.data(), latitude_deg.data(), longitude_deg.data(), altitude_m.data(), linked.data(), fresh_from.data()};
    std::vector<std::vector<Stay>> by_track(tracks);
    std::vector<Stay> all;
    {
        nb::gil_scoped_release release;
        std::atomic<size_t> next{0};
        const auto work = [&] {
            Follower follower(areas, v, t, area.data(), report_unknown);
            for (size_t k; (k = next.fetch_add(1)) < tracks;)
                if (t.fresh_from[k] < t.offsets[k + 1]) follower.follow(static_cast<uint32_t>(k), by_track[k]);
        };
        std::vector<std::thread> pool;
        for (size_t k = 1; k < threads; ++k) pool.emplace_back(work);
        work();
        for (auto& thread : pool) thread.join();
        for (const auto& some : by_track) all.insert(all.end(), some.begin(), some.end());
    }
    const auto column = [&](auto field) {
        using T = decltype(field(all[0]));
        std::vector<T> values;
        values.reserve(all.size());
        for (const Stay& stay : all) values.push_back(field(stay));
        return to_numpy(std::move(values));
    };
    return nb::make_tuple(column([](const Stay& s) { return s.track; }), column([](const Stay& s) { return s.volume; }),
                          column([](const Stay& s) { return s.start_us; }), column([](const Stay& s) { return s.end_us; }),
                          column([](const Stay& s) { return static_cast<uint8_t>(s.start_why); }),
                          column([](const Stay& s) { return static_cast<uint8_t>(s.end_why); }),
                          column([](const Stay& s) { return static_cast<uint8_t>(s.unknown); }),
                          column([](const Stay& s) { return s.start_vertex; }), column([](const Stay& s) { return s.end_vertex; }),
                          column([](const Stay& s) { return s.path_mm; }), column([](const Stay& s) { return s.depth_m; }),
                          column([](const Stay& s) { return s.deepest_us; }), column([](const Stay& s) { return s.deepest_vertex; }));
}

}  // namespace overflight
