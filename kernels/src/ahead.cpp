// Conflicts ahead: one picture of the sky, and each aircraft going on along its great circle at its speed and rate of climb.
//
// Half way through the lookahead each aircraft is the middle of a ball that holds all its places. Balls are put in order of the
// cells (Earth-centred cubes) that their middles are in; what is near one lies in five runs of that order, which move along with it.
// A pair is first judged on straight lines through the middles: over 300 s those leave the circles by less than `kSlack`. What
// remains is judged on the circles, by straight lines laid anew where the distance is least and where it crosses the threshold.

#include "ahead.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <thread>
#include <tuple>
#include <utility>

#include "earth.hpp"

namespace overflight {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kSlack = 5.0;          // m
constexpr double kRounding = 1e-9;      // m, taken off thresholds: 1,000 ft apart is no loss however it was computed
constexpr double kLongestStraight = 300.0;  // s for which the slack holds; it grows with the cube
constexpr size_t kChunk = 2048;

struct Flight {
    Vec from, per_s;  // on the circle: from cos(turn t) + per_s sin(turn t) / turn
    Vec at_middle, velocity;
    double turn;  // rad/s
    double altitude_m, up_mps;
    uint32_t number;
    Vec place(double t) const {
        const double a = turn * t;
        const double s = turn > 0.0 ? std::sin(a) / turn : t;
        return std::cos(a) * from + s * per_s;
    }
    Vec speed(double t) const {
        const double a = turn * t;
        return std::cos(a) * per_s - (turn * std::sin(a)) * from;
    }
};

struct Conflict {
    uint32_t a, b;
    double time_in, time_out;
};

struct Span {
    double low = kInfinity, high = -kInfinity;
    bool empty() const { return !(low < high); }
};

// When |s + t v| is below a radius.
Span disc(Vec s, Vec v, double radius) {
    const double a = dot(v, v), b = dot(s, v), c = dot(s, s) - radius * radius;
    if (a < 1e-12) return c < 0.0 ? Span{-kInfinity, kInfinity} : Span{};
    const double discriminant = b * b - a * c;
    if (!(discriminant > 0.0)) return {};
    const double root = std::sqrt(discriminant), q = b > 0.0 ? -b - root : -b + root;
    const double one = q / a, other = q == 0.0 ? 0.0 : c / q;
    return {std::min(one, other), std::max(one, other)};
}

// When |z + t w| is below a height; always where a height is unknown.
Span slab(double z, double w, double height) {
    if (std::isnan(z) || std::isnan(w)) return {-kInfinity, kInfinity};
    if (w == 0.0) return std::abs(z) < height ? Span{-kInfinity, kInfinity} : Span{};
    const double one = (-height - z) / w, other = (height - z) / w;
    return {std::min(one, other), std::max(one, other)};
}

class Judge {
   public:
    Judge(double horizontal_m, double vertical_m, double lookahead_s)
        : horizontal_(horizontal_m - kRounding), vertical_(vertical_m - kRounding), lookahead_(lookahead_s) {
        const double longer = std::max(1.0, lookahead_s / kLongestStraight);
        slack_ = kSlack * longer * longer * longer;
    }

    double slack() const { return slack_; }

    void judge(const Flight& a, const Flight& b, std::vector<Conflict>& out) const {
        const Span level = slab(a.altitude_m - b.altitude_m, a.up_mps - b.up_mps, vertical_);
        if (level.empty()) return;
        const double middle = 0.5 * lookahead_;
        Span near = disc(a.at_middle - b.at_middle, a.velocity - b.velocity, horizontal_ + slack_);
        if (near.empty() || near.high + middle < 0.0 || near.low + middle > lookahead_) return;
        if (level.high < std::max(0.0, near.low + middle - 1.0) || level.low > std::min(lookahead_, near.high + middle + 1.0)) return;
        double nearest = middle;
        for (int k = 0; k < 3; ++k) {
            const Vec s = a.place(nearest) - b.place(nearest), v = a.speed(nearest) - b.speed(nearest);
            const double vv = dot(v, v);
            if (vv < 1e-12) break;
            nearest = std::clamp(nearest - dot(s, v) / vv, -lookahead_, 2.0 * lookahead_);
        }
        near = around(a, b, nearest);
        if (near.empty()) return;
        const double low = std::max({0.0, near.low, level.low}), high = std::min({lookahead_, near.high, level.high});
        if (!(low < high)) return;
        const bool first = a.number < b.number;
        out.push_back({first ? a.number : b.number, first ? b.number : a.number, low, high});
    }

   private:
    // The span on the circles; straight lines are laid anew at each end until they meet the circle there.
    Span around(const Flight& a, const Flight& b, double nearest) const {
        Span span = disc_at(a, b, nearest);
        for (int k = 0; k < 3 && !span.empty(); ++k) {
            if (std::isfinite(span.low)) {
                const double at = std::clamp(span.low, -lookahead_, 2.0 * lookahead_);
                const Span again = disc_at(a, b, at);
                if (!again.empty()) span.low = again.low;
            }
            if (std::isfinite(span.high)) {
                const double at = std::clamp(span.high, -lookahead_, 2.0 * lookahead_);
                const Span again = disc_at(a, b, at);
                if (!again.empty()) span.high = again.high;
            }
        }
        return span;
    }

    Span disc_at(const Flight& a, const Flight& b, double t) const {
        Span span = disc(a.place(t) - b.place(t), a.speed(t) - b.speed(t), horizontal_);
        span.low += t, span.high += t;
        return span;
    }

    double horizontal_, vertical_, lookahead_, slack_;
};

struct Near {  // what the first look needs, in few bytes
    float x, y, z, radius, bottom_m, top_m;
    uint32_t aircraft, flight;
};

void set(Flight& f, Near& near, uint32_t number, uint32_t aircraft, double latitude, double longitude, double altitude, double east,
         double north, double up, double lookahead) {
    const double phi = latitude * kRadians, lambda = longitude * kRadians;
    const Vec e{-std::sin(lambda), std::cos(lambda), 0.0};
    const Vec n{-std::sin(phi) * std::cos(lambda), -std::sin(phi) * std::sin(lambda), std::cos(phi)};
    f.number = number;
    f.from = surface(latitude, longitude);
    f.per_s = east * e + north * n;
    const double radius2 = dot(f.from, f.from);
    f.per_s = f.per_s - (dot(f.per_s, f.from) / radius2) * f.from;  // the circle is around the middle of the Earth
    const double speed = std::hypot(east, north), across = norm(f.per_s);
    if (across > 0.0) f.per_s = (speed / across) * f.per_s;
    f.turn = speed / std::sqrt(radius2);
    const double half = 0.5 * lookahead, angle = f.turn * half, sine = std::sin(angle), cosine = std::cos(angle);
    f.at_middle = cosine * f.from + (f.turn > 0.0 ? sine / f.turn : half) * f.per_s;
    f.velocity = cosine * f.per_s - (f.turn * sine) * f.from;
    f.altitude_m = altitude, f.up_mps = up;
    const double end = altitude + up * lookahead;
    const bool unknown = std::isnan(altitude) || std::isnan(up);
    near = {static_cast<float>(f.at_middle.x), static_cast<float>(f.at_middle.y), static_cast<float>(f.at_middle.z),
            static_cast<float>(half * speed), static_cast<float>(unknown ? -kInfinity : std::min(altitude, end)),
            static_cast<float>(unknown ? kInfinity : std::max(altitude, end)), aircraft, number};
}

// Three numbers of 21 bits. Those of the Earth in cells of more than 6 km differ in the lower eleven alone.
constexpr int64_t kHalf = (1 << 20) + (1 << 10);

uint64_t cell_of(int64_t x, int64_t y, int64_t z) {
    return static_cast<uint64_t>(x + kHalf) << 42 | static_cast<uint64_t>(y + kHalf) << 21 | static_cast<uint64_t>(z + kHalf);
}

int64_t number_in(uint64_t cell, int place) { return static_cast<int64_t>(cell >> place & 0x1FFFFF) - kHalf; }

struct Key {
    uint64_t cell;
    uint32_t flight;
};

// By cell, in each in the order given: least digit first, and digits that all have in common are passed over.
void sort_by_cell(std::vector<Key>& keys) {
    constexpr std::pair<int, uint64_t> kDigits[] = {{0, 0x7FF}, {11, 0x3FF}, {21, 0x7FF}, {32, 0x3FF}, {42, 0x7FF}, {53, 0x3FF}};
    std::vector<Key> sorted(keys.size());
    for (const auto& [shift, mask] : kDigits) {
        std::array<size_t, 0x800> place{};
        for (const Key& key : keys) ++place[key.cell >> shift & mask];
        if (keys.empty() || place[keys[0].cell >> shift & mask] == keys.size()) continue;
        size_t before = 0;
        for (size_t& p : place) p = std::exchange(before, before + p);
        for (const Key& key : keys) sorted[place[key.cell >> shift & mask]++] = key;
        keys.swap(sorted);
    }
}

constexpr float kSingle = 2.0f;  // m: what rounding to single precision may take off a distance
constexpr size_t kFewFast = 64;

class Sky {
   public:
    Sky(const Flight* flights, const std::vector<Near>& everybody, const Judge& judge, double horizontal_m, double vertical_m)
        : flights_(flights), judge_(judge), widest_(horizontal_m + judge.slack()), tall_(static_cast<float>(vertical_m)) {
        std::vector<float> radii(everybody.size());
        std::transform(everybody.begin(), everybody.end(), radii.begin(), [](const Near& n) { return n.radius; });
        float common = 0.0f;
        if (!radii.empty()) {
            const auto at = radii.begin() + static_cast<std::ptrdiff_t>(radii.size() * 9 / 10);
            std::nth_element(radii.begin(), at, radii.end());
            const float most = *std::max_element(radii.begin(), radii.end());
            common = std::min(1.25f * *at, most);
            // A few that are much faster look at everybody; many make the cells larger.
            if (static_cast<size_t>(std::count_if(radii.begin(), radii.end(), [&](float r) { return r > common; })) > kFewFast) common = most;
        }
        const double size = std::max(widest_ + 2.0 * static_cast<double>(common) + static_cast<double>(kSingle), 100.0);
        const auto index = [&](float coordinate) { return static_cast<int64_t>(std::floor(static_cast<double>(coordinate) / size)); };
        std::vector<Key> keys;
        keys.reserve(everybody.size());
        for (const Near& n : everybody) {
            if (n.radius > common)
                fast_.push_back(n);
            else
                keys.push_back({cell_of(index(n.x), index(n.y), index(n.z)), n.flight});
        }
        sort_by_cell(keys);
        all_.reserve(keys.size()), cells_.reserve(keys.size());
        for (const auto& [cell, flight] : keys) all_.push_back(everybody[flight]), cells_.push_back(cell);
    }

    size_t size() const { return all_.size() + fast_.size(); }

    // Judges the pairs of which the first is one of [from, to).
    void look(size_t from, size_t to, std::vector<Conflict>& out) const {
        size_t run[4] = {};
        for (size_t k = from; k < std::min(to, all_.size()); ++k) {
            const Near& n = all_[k];
            const int64_t x = number_in(cells_[k], 42), y = number_in(cells_[k], 21), z = number_in(cells_[k], 0);
            const uint64_t end = cell_of(x, y, z + 1);
            for (size_t j = k + 1; j < all_.size() && cells_[j] <= end; ++j) pair(n, all_[j], out);
            constexpr int kAside[4][2] = {{0, 1}, {1, -1}, {1, 0}, {1, 1}};
            for (int c = 0; c < 4; ++c) {
                const uint64_t low = cell_of(x + kAside[c][0], y + kAside[c][1], z - 1), high = low + 2;
                if (k == from)
                    run[c] = static_cast<size_t>(std::lower_bound(cells_.begin(), cells_.end(), low) - cells_.begin());
                while (run[c] < all_.size() && cells_[run[c]] < low) ++run[c];
                for (size_t j = run[c]; j < all_.size() && cells_[j] <= high; ++j) pair(n, all_[j], out);
            }
        }
        for (size_t k = std::max(from, all_.size()); k < to; ++k) {
            const size_t mine = k - all_.size();
            for (const Near& other : all_) pair(fast_[mine], other, out);
            for (size_t j = mine + 1; j < fast_.size(); ++j) pair(fast_[mine], fast_[j], out);
        }
    }

   private:
    void pair(const Near& n, const Near& o, std::vector<Conflict>& out) const {
        const float x = n.x - o.x, y = n.y - o.y, z = n.z - o.z, apart = n.radius + o.radius + static_cast<float>(widest_) + kSingle;
        if (x * x + y * y + z * z > apart * apart || n.aircraft == o.aircraft) return;
        if (n.bottom_m - o.top_m > tall_ + kSingle || o.bottom_m - n.top_m > tall_ + kSingle) return;
        judge_.judge(flights_[n.flight], flights_[o.flight], out);
    }

    const Flight* flights_;
    const Judge& judge_;
    double widest_;
    float tall_;
    std::vector<Near> all_, fast_;  // by cell; those that are much faster than most
    std::vector<uint64_t> cells_;   // of `all_`
};

}  // namespace

nb::tuple ahead(In<double> latitude_deg, In<double> longitude_deg, In<double> altitude_m, In<double> east_mps, In<double> north_mps,
                In<double> up_mps, In<uint32_t> aircraft, double horizontal_m, double vertical_m, double lookahead_s, size_t threads) {
    const size_t n = latitude_deg.shape(0);
    require_size(longitude_deg, n, "longitude_deg");
    require_size(altitude_m, n, "altitude_m");
    require_size(east_mps, n, "east_mps");
    require_size(north_mps, n, "north_mps");
    require_size(up_mps, n, "up_mps");
    require_size(aircraft, n, "aircraft");
    if (!(horizontal_m >= 0.0 && vertical_m >= 0.0 && lookahead_s >= 0.0 && lookahead_s <= 3600.0))
        throw std::invalid_argument("thresholds and lookahead: 0 or more, and an hour at most");
    std::vector<Conflict> found;
    {
        nb::gil_scoped_release release;
        const std::unique_ptr<Flight[]> flights(new Flight[n]);  // each is set below: there is nothing to begin with
        std::vector<Near> everybody(n);
        threads = std::clamp<size_t>(threads, 1, 64);
        const auto in_parallel = [&](auto work) {
            std::vector<std::thread> pool;
            for (size_t k = 1; k < threads; ++k) pool.emplace_back(work, k);
            work(0);
            for (auto& t : pool) t.join();
        };
        std::atomic<size_t> next{0};
        in_parallel([&](size_t) {
            for (size_t from; (from = next.fetch_add(kChunk)) < n;)
                for (size_t k = from; k < std::min(from + kChunk, n); ++k)
                    set(flights[k], everybody[k], static_cast<uint32_t>(k), aircraft.data()[k], latitude_deg.data()[k], longitude_deg.data()[k],
                        altitude_m.data()[k], east_mps.data()[k], north_mps.data()[k], up_mps.data()[k], lookahead_s);
        });
        const Judge judge(horizontal_m, vertical_m, lookahead_s);
        const Sky sky(flights.get(), everybody, judge, horizontal_m, vertical_m);
        std::vector<std::vector<Conflict>> parts(threads);
        next = 0;
        in_parallel([&](size_t part) {
            for (size_t from; (from = next.fetch_add(kChunk)) < sky.size();) sky.look(from, std::min(from + kChunk, sky.size()), parts[part]);
        });
        for (auto& part : parts) found.insert(found.end(), part.begin(), part.end());
        std::sort(found.begin(), found.end(), [](const Conflict& p, const Conflict& q) { return std::tie(p.a, p.b) < std::tie(q.a, q.b); });
    }
    std::vector<uint32_t> a, b;
    std::vector<double> time_in, time_out;
    for (const Conflict& c : found) a.push_back(c.a), b.push_back(c.b), time_in.push_back(c.time_in), time_out.push_back(c.time_out);
    return nb::make_tuple(to_numpy(std::move(a)), to_numpy(std::move(b)), to_numpy(std::move(time_in)), to_numpy(std::move(time_out)));
}

}  // namespace overflight
