// Losses of separation between tracks that move uniformly between two reports.
//
// Every pair of segments that comes near is judged exactly (segments.cpp). Candidates come from blocks of time: in each block a track is
// a sphere around its path, and spheres are matched by hashing their centres (Earth-centred, so no poles, no antimeridian).
// A pair of segments belongs to the block in which its common time begins: each is computed once, the same wherever the
// recording is cut, and whatever the number of threads.

#include "losses.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>
#include <tuple>

#include "arrays.hpp"
#include "segments.hpp"

namespace overflight {
namespace {

constexpr int64_t kMostBlocks = 4'000'000;

struct Presence {  // one track in one block
    uint32_t track;
    int64_t first;  // first vertex whose segment reaches into the block
};

struct Sphere {
    int64_t first, last;  // vertices [first, last] of the path
    uint32_t track, aircraft;
    Vec centre;
    double radius, bottom_m, top_m;
    int64_t cell[3];
    bool fresh;
};

class Grid {  // spheres by the cell of their centre
   public:
    Grid(std::vector<Sphere>& spheres, double size) : spheres_(spheres) {
        mask_ = 16;
        while (mask_ < 2 * spheres.size()) mask_ *= 2;
        head_.assign(mask_, -1);
        next_.assign(spheres.size(), -1);
        --mask_;
        for (size_t k = 0; k < spheres.size(); ++k) {
            Sphere& s = spheres[k];
            s.cell[0] = static_cast<int64_t>(std::floor(s.centre.x / size));
            s.cell[1] = static_cast<int64_t>(std::floor(s.centre.y / size));
            s.cell[2] = static_cast<int64_t>(std::floor(s.centre.z / size));
            int64_t& head = head_[slot(s.cell[0], s.cell[1], s.cell[2])];
            next_[k] = head;
            head = static_cast<int64_t>(k);
        }
    }

    template <class Visit>
    void near(const Sphere& s, int64_t reach, Visit visit) const {
        for (int64_t x = s.cell[0] - reach; x <= s.cell[0] + reach; ++x)
            for (int64_t y = s.cell[1] - reach; y <= s.cell[1] + reach; ++y)
                for (int64_t z = s.cell[2] - reach; z <= s.cell[2] + reach; ++z)
                    for (int64_t k = head_[slot(x, y, z)]; k >= 0; k = next_[k]) {
                        const Sphere& o = spheres_[k];
                        if (o.cell[0] == x && o.cell[1] == y && o.cell[2] == z) visit(static_cast<size_t>(k));
                    }
    }

   private:
    size_t slot(int64_t x, int64_t y, int64_t z) const {
        uint64_t h = static_cast<uint64_t>(x) * 0x9E3779B97F4A7C15ull ^ static_cast<uint64_t>(y) * 0xC2B2AE3D27D4EB4Full ^
                     static_cast<uint64_t>(z) * 0x165667B19E3779F9ull;
        return (h ^ (h >> 29)) & mask_;
    }

    std::vector<Sphere>& spheres_;
    std::vector<int64_t> head_, next_;
    size_t mask_;
};

struct Job {
    const Tracks& tr;
    const Layers& layers;
    const uint32_t* aircraft;
    const int64_t* fresh_from;
    bool report_unknown;
    int64_t origin_us, block_us;
};

std::vector<Sphere> spheres_of(const Job& job, const Presence* begin, const Presence* end, int64_t low_us, int64_t high_us) {
    const Tracks& tr = job.tr;
    std::vector<Sphere> spheres;
    spheres.reserve(static_cast<size_t>(end - begin));
    for (const Presence* it = begin; it != end; ++it) {
        const int64_t stop = tr.offsets[it->track + 1] - 1;  // last vertex of the track
        Sphere s{};
        s.track = it->track;
        s.aircraft = job.aircraft[it->track];
        Vec low{1e18, 1e18, 1e18}, high{-1e18, -1e18, -1e18};
        s.bottom_m = std::numeric_limits<double>::infinity(), s.top_m = -s.bottom_m;
        bool any = false, unknown = false;
        for (int64_t k = it->first; k < stop && tr.time_us[k] < high_us; ++k) {
            if (tr.time_us[k + 1] <= low_us || !tr.segment(k)) continue;
            if (!any) s.first = k;
            any = true;
            s.last = k + 1;
            s.fresh |= k + 1 >= job.fresh_from[it->track];
            for (int64_t e = k; e <= k + 1; ++e) {
                const Vec p = tr.at(e);
                low = {std::min(low.x, p.x), std::min(low.y, p.y), std::min(low.z, p.z)};
                high = {std::max(high.x, p.x), std::max(high.y, p.y), std::max(high.z, p.z)};
                const double z = tr.altitude_m[e];
                if (std::isnan(z)) unknown = true;
                else s.bottom_m = std::min(s.bottom_m, z), s.top_m = std::max(s.top_m, z);
            }
        }
        if (!any) continue;
        if (unknown && job.report_unknown) s.bottom_m = -1e9, s.top_m = 1e9;
        s.centre = 0.5 * (low + high);
        s.radius = 0.5 * norm(high - low) + 1.0;
        spheres.push_back(s);
    }
    return spheres;
}

void block_losses(const Job& job, const Presence* begin, const Presence* end, int64_t block, std::vector<Loss>& out) {
    const int64_t low_us = job.origin_us + block * job.block_us, high_us = low_us + job.block_us;
    std::vector<Sphere> spheres = spheres_of(job, begin, end, low_us, high_us);
    if (spheres.size() < 2) return;
    if (std::none_of(spheres.begin(), spheres.end(), [](const Sphere& s) { return s.fresh; })) return;

    std::vector<double> radii(spheres.size());
    std::transform(spheres.begin(), spheres.end(), radii.begin(), [](const Sphere& s) { return s.radius; });
    auto common = radii.begin() + static_cast<std::ptrdiff_t>(radii.size() * 9 / 10);
    std::nth_element(radii.begin(), common, radii.end());
    const double size = job.layers.widest_m + 2.0 * *common;
    const Grid grid(spheres, size);
    const Tracks& tr = job.tr;

    for (size_t k = 0; k < spheres.size(); ++k) {
        const Sphere& s = spheres[k];
        const auto visit = [&](size_t other) {
            const Sphere& o = spheres[other];
            if (o.radius > s.radius || (o.radius == s.radius && other >= k)) return;  // each pair once, from its larger sphere
            if (o.aircraft == s.aircraft || !(o.fresh || s.fresh)) return;
            const double apart = s.radius + o.radius + job.layers.widest_m;
            const Vec d = s.centre - o.centre;
            if (dot(d, d) > apart * apart) return;
            if (s.bottom_m - o.top_m > job.layers.tallest_m || o.bottom_m - s.top_m > job.layers.tallest_m) return;
            for (int64_t i = s.first, j = o.first; i < s.last && j < o.last;) {
                const int64_t from = std::max(tr.time_us[i], tr.time_us[j]);
                if (from >= low_us && from < high_us && tr.segment(i) && tr.segment(j) &&
                    (i + 1 >= job.fresh_from[s.track] || j + 1 >= job.fresh_from[o.track]))
                    segment_losses(tr, job.layers, std::min(i, j), std::max(i, j), 0.0, job.report_unknown, out);
                (tr.time_us[i + 1] <= tr.time_us[j + 1]) ? ++i : ++j;
            }
        };
        const double cells = std::ceil((job.layers.widest_m + 2.0 * s.radius) / size);
        if (cells <= 6) grid.near(s, static_cast<int64_t>(cells), visit);
        else for (size_t other = 0; other < spheres.size(); ++other) visit(other);
    }
}

Tracks make_tracks(const In<int64_t>& offsets, const In<int64_t>& time_us, const In<double>& latitude, const In<double>& longitude,
                   const In<double>& altitude_m, const In<uint8_t>& broken, int64_t max_gap_us) {
    const size_t n = time_us.shape(0);
    require_size(latitude, n, "latitude_deg");
    require_size(longitude, n, "longitude_deg");
    require_size(altitude_m, n, "altitude_m");
    require_size(broken, n, "broken");
    if (offsets.shape(0) < 1 || offsets.data()[0] != 0 || offsets.data()[offsets.shape(0) - 1] != static_cast<int64_t>(n))
        throw std::invalid_argument("offsets: do not span the vertices");
    for (size_t k = 0; k + 1 < offsets.shape(0); ++k)
        if (offsets.data()[k] > offsets.data()[k + 1]) throw std::invalid_argument("offsets: not ascending");
    return {offsets.data(), time_us.data(), latitude.data(), longitude.data(), altitude_m.data(), broken.data(), offsets.shape(0) - 1, n, max_gap_us, {}};
}

Layers make_layers(const In<double>& floor_m, const In<double>& horizontal_m, const In<double>& vertical_m) {
    const size_t n = floor_m.shape(0);
    if (n < 1 || n > 16) throw std::invalid_argument("floor_m: 1 to 16 layers");
    require_size(horizontal_m, n, "horizontal_m");
    require_size(vertical_m, n, "vertical_m");
    return {floor_m.data(), horizontal_m.data(), vertical_m.data(), n,
            *std::max_element(horizontal_m.data(), horizontal_m.data() + n), *std::max_element(vertical_m.data(), vertical_m.data() + n)};
}

template <class Work>
void in_parallel(size_t threads, Work work) {
    std::vector<std::thread> pool;
    for (size_t k = 1; k < threads; ++k) pool.emplace_back(work);
    work();
    for (auto& t : pool) t.join();
}

void place(Tracks& tr, size_t threads) {
    tr.position.resize(tr.vertices);
    std::atomic<size_t> next{0};
    constexpr size_t chunk = 1 << 14;
    in_parallel(threads, [&] {
        for (size_t from; (from = next.fetch_add(chunk)) < tr.vertices;)
            for (size_t k = from; k < std::min(from + chunk, tr.vertices); ++k) tr.position[k] = surface(tr.latitude_deg[k], tr.longitude_deg[k]);
    });
}

nb::tuple columns(std::vector<Loss>&& losses) {
    const size_t n = losses.size();
    std::vector<int64_t> a(n), b(n), start(n), end(n), worst(n);
    std::vector<double> severity(n), horizontal(n), vertical(n), closure(n);
    for (size_t k = 0; k < n; ++k) {
        const Loss& s = losses[k];
        a[k] = s.a, b[k] = s.b, start[k] = s.start_us, end[k] = s.end_us, worst[k] = s.worst_us;
        severity[k] = s.severity, horizontal[k] = s.horizontal_m, vertical[k] = s.vertical_m, closure[k] = s.closure_mps;
    }
    return nb::make_tuple(to_numpy(std::move(a)), to_numpy(std::move(b)), to_numpy(std::move(start)), to_numpy(std::move(end)),
                          to_numpy(std::move(worst)), to_numpy(std::move(severity)), to_numpy(std::move(horizontal)),
                          to_numpy(std::move(vertical)), to_numpy(std::move(closure)));
}

}  // namespace

nb::tuple losses(In<int64_t> offsets, In<int64_t> time_us, In<double> latitude_deg, In<double> longitude_deg, In<double> altitude_m,
                 In<uint8_t> broken, In<uint32_t> aircraft, In<int64_t> fresh_from, In<double> floor_m, In<double> horizontal_m,
                 In<double> vertical_m, int64_t max_gap_us, int64_t block_us, bool report_unknown, size_t threads) {
    Tracks tr = make_tracks(offsets, time_us, latitude_deg, longitude_deg, altitude_m, broken, max_gap_us);
    const Layers layers = make_layers(floor_m, horizontal_m, vertical_m);
    require_size(aircraft, tr.tracks, "aircraft");
    require_size(fresh_from, tr.tracks, "fresh_from");
    if (block_us <= 0 || max_gap_us <= 0 || threads < 1) throw std::invalid_argument("block_us, max_gap_us and threads are positive");
    std::vector<Loss> all;
    {
        nb::gil_scoped_release release;
        place(tr, threads);
        // Which tracks are present in which block, as one list sorted by block (counting sort over the blocks in use).
        int64_t first_us = std::numeric_limits<int64_t>::max(), last_us = std::numeric_limits<int64_t>::min();
        for (size_t k = 0; k < tr.vertices; ++k) first_us = std::min(first_us, tr.time_us[k]), last_us = std::max(last_us, tr.time_us[k]);
        // The answer does not depend on the length of a block; very long recordings get longer ones, so that memory stays bounded.
        if (tr.vertices) block_us = std::max(block_us, (last_us - first_us) / kMostBlocks);
        const int64_t origin = tr.vertices ? first_us - ((first_us % block_us) + block_us) % block_us : 0;
        const size_t blocks = tr.vertices ? static_cast<size_t>((last_us - origin) / block_us) + 1 : 0;
        std::vector<size_t> from(blocks + 1, 0);
        const auto each = [&](auto visit) {
            for (size_t t = 0; t < tr.tracks; ++t) {
                int64_t seen = -1;
                for (int64_t k = tr.offsets[t]; k + 1 < tr.offsets[t + 1]; ++k) {
                    if (!tr.segment(k)) continue;
                    const int64_t low = (tr.time_us[k] - origin) / block_us, high = (tr.time_us[k + 1] - 1 - origin) / block_us;
                    for (int64_t b = std::max(low, seen + 1); b <= high; ++b) visit(static_cast<size_t>(b), Presence{static_cast<uint32_t>(t), k});
                    seen = std::max(seen, high);
                }
            }
        };
        each([&](size_t b, Presence) { ++from[b + 1]; });
        for (size_t b = 0; b < blocks; ++b) from[b + 1] += from[b];
        std::vector<Presence> present(from[blocks]);
        std::vector<size_t> fill(from.begin(), from.end() - (blocks ? 1 : 0));
        each([&](size_t b, Presence p) { present[fill[b]++] = p; });

        std::vector<std::vector<Loss>> found(blocks);
        const Job job{tr, layers, aircraft.data(), fresh_from.data(), report_unknown, origin, block_us};
        std::atomic<size_t> next{0};
        in_parallel(threads, [&] {
            for (size_t b; (b = next.fetch_add(1)) < blocks;)
                block_losses(job, present.data() + from[b], present.data() + from[b + 1], static_cast<int64_t>(b), found[b]);
        });
        for (auto& f : found) {
            all.insert(all.end(), f.begin(), f.end());
            f = {};
        }
        std::sort(all.begin(), all.end(), [](const Loss& x, const Loss& y) {
            return std::tie(x.a, x.b, x.start_us) < std::tie(y.a, y.b, y.start_us);
        });
    }
    return columns(std::move(all));
}

nb::tuple losses_between(In<int64_t> offsets, In<int64_t> time_us, In<double> latitude_deg, In<double> longitude_deg,
                         In<double> altitude_m, In<uint8_t> broken, In<int64_t> a, In<int64_t> b, In<double> shrink_m,
                         In<double> floor_m, In<double> horizontal_m, In<double> vertical_m, int64_t max_gap_us, bool report_unknown) {
    const Tracks tr = make_tracks(offsets, time_us, latitude_deg, longitude_deg, altitude_m, broken, max_gap_us);
    const Layers layers = make_layers(floor_m, horizontal_m, vertical_m);
    require_size(b, a.shape(0), "b");
    require_size(shrink_m, a.shape(0), "shrink_m");
    std::vector<Loss> all;
    for (size_t k = 0; k < a.shape(0); ++k) {
        const int64_t i = a.data()[k], j = b.data()[k];
        if (i < 0 || j < 0 || i + 1 >= static_cast<int64_t>(tr.vertices) || j + 1 >= static_cast<int64_t>(tr.vertices))
            throw std::invalid_argument("a, b: no such segment");
        segment_losses(tr, layers, i, j, shrink_m.data()[k], report_unknown, all);
    }
    return columns(std::move(all));
}

}  // namespace overflight
