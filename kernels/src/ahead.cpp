// Conflicts ahead: one picture of the sky, and each aircraft going on along its great circle at its speed and rate of climb.
//
// Half way through the lookahead each aircraft is the middle of a ball that holds all its places. Balls are put in order of the
// cells (Earth-centred cubes) that their middles are in; what is near one lies in five runs of that order, which move along with it.
// A pair is first judged on straight lines through the middles: over 300 s those leave the circles by less than `kSlack`. What
// remains is judged on the circles, by straight lines laid anew where the distance is least and where it crosses the threshold.

#include "ahead.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <thread>
#include <tuple>

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
    double radius, altitude_m, up_mps, bottom_m, top_m;
    uint32_t number, aircraft;
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

Flight flight(uint32_t number, uint32_t aircraft, double latitude, double longitude, double altitude, double east, double north, double up,
              double lookahead) {
    const double phi = latitude * kRadians, lambda = longitude * kRadians;
    const Vec e{-std::sin(lambda), std::cos(lambda), 0.0};
    const Vec n{-std::sin(phi) * std::cos(lambda), -std::sin(phi) * std::sin(lambda), std::cos(phi)};
    Flight f{};
    f.number = number, f.aircraft = aircraft;
    f.from = surface(latitude, longitude);
    f.per_s = east * e + north * n;
    const double radius2 = dot(f.from, f.from);
    f.per_s = f.per_s - (dot(f.per_s, f.from) / radius2) * f.from;  // the circle is around the middle of the Earth
    const double speed = std::hypot(east, north), across = norm(f.per_s);
    if (across > 0.0) f.per_s = (speed / across) * f.per_s;
    f.turn = speed / std::sqrt(radius2);
    f.at_middle = f.place(0.5 * lookahead), f.velocity = f.speed(0.5 * lookahead);
    f.radius = 0.5 * speed * lookahead;
    f.altitude_m = altitude, f.up_mps = up;
    const double end = altitude + up * lookahead;
    const bool unknown = std::isnan(altitude) || std::isnan(up);
    f.bottom_m = unknown ? -kInfinity : std::min(altitude, end), f.top_m = unknown ? kInfinity : std::max(altitude, end);
    return f;
}

struct Near {  // what the first look needs, in few bytes
    uint64_t cell;
    float x, y, z, radius, bottom_m, top_m;
    uint32_t aircraft, flight;
};

uint64_t cell_of(int64_t x, int64_t y, int64_t z) {
    constexpr int64_t kHalf = 1 << 20;  // three numbers of 21 bits
    return static_cast<uint64_t>(x + kHalf) << 42 | static_cast<uint64_t>(y + kHalf) << 21 | static_cast<uint64_t>(z + kHalf);
}

constexpr float kSingle = 2.0f;  // m: what rounding to single precision may take off a distance
constexpr size_t kFewFast = 64;

class Sky {
   public:
    Sky(const std::vector<Flight>& flights, const Judge& judge, double horizontal_m, double vertical_m)
        : flights_(flights), judge_(judge), widest_(horizontal_m + judge.slack()), tall_(static_cast<float>(vertical_m)) {
        std::vector<double> radii;
        for (const Flight& f : flights) radii.push_back(f.radius);
        double common = 0.0;
        if (!radii.empty()) {
            const auto at = radii.begin() + static_cast<std::ptrdiff_t>(radii.size() * 9 / 10);
            std::nth_element(radii.begin(), at, radii.end());
            common = 1.25 * *at;
            // A few that are much faster look at everybody; many make the cells larger.
            if (static_cast<size_t>(std::count_if(radii.begin(), radii.end(), [&](double r) { return r > common; })) > kFewFast)
                common = *std::max_element(radii.begin(), radii.end());
        }
        size_ = std::max(widest_ + 2.0 * common + kSingle, 100.0);
        for (const Flight& f : flights) {
            const Vec c = f.at_middle;
            const Near near{cell_of(index(c.x), index(c.y), index(c.z)), static_cast<float>(c.x), static_cast<float>(c.y), static_cast<float>(c.z),
                            static_cast<float>(f.radius), static_cast<float>(f.bottom_m), static_cast<float>(f.top_m), f.aircraft, f.number};
            (f.radius > common ? fast_ : all_).push_back(near);
        }
        std::sort(all_.begin(), all_.end(), [](const Near& p, const Near& q) { return std::tie(p.cell, p.flight) < std::tie(q.cell, q.flight); });
    }

    size_t size() const { return all_.size() + fast_.size(); }

    // Judges the pairs of which the first is one of [from, to).
    void look(size_t from, size_t to, std::vector<Conflict>& out) const {
        size_t run[4] = {};
        for (size_t k = from; k < std::min(to, all_.size()); ++k) {
            const Near& n = all_[k];
            const int64_t x = index(flights_[n.flight].at_middle.x), y = index(flights_[n.flight].at_middle.y), z = index(flights_[n.flight].at_middle.z);
            const uint64_t end = cell_of(x, y, z + 1);
            for (size_t j = k + 1; j < all_.size() && all_[j].cell <= end; ++j) pair(n, all_[j], out);
            constexpr int kAside[4][2] = {{0, 1}, {1, -1}, {1, 0}, {1, 1}};
            for (int c = 0; c < 4; ++c) {
                const uint64_t low = cell_of(x + kAside[c][0], y + kAside[c][1], z - 1), high = low + 2;
                if (k == from)
                    run[c] = static_cast<size_t>(std::lower_bound(all_.begin(), all_.end(), low, [](const Near& p, uint64_t cell) { return p.cell < cell; }) - all_.begin());
                while (run[c] < all_.size() && all_[run[c]].cell < low) ++run[c];
                for (size_t j = run[c]; j < all_.size() && all_[j].cell <= high; ++j) pair(n, all_[j], out);
            }
        }
        for (size_t k = std::max(from, all_.size()); k < to; ++k) {
            const size_t mine = k - all_.size();
            for (const Near& other : all_) pair(fast_[mine], other, out);
            for (size_t j = mine + 1; j < fast_.size(); ++j) pair(fast_[mine], fast_[j], out);
        }
    }

   private:
    int64_t index(double coordinate) const { return static_cast<int64_t>(std::floor(coordinate / size_)); }

    void pair(const Near& n, const Near& o, std::vector<Conflict>& out) const {
        const float x = n.x - o.x, y = n.y - o.y, z = n.z - o.z, apart = n.radius + o.radius + static_cast<float>(widest_) + kSingle;
        if (x * x + y * y + z * z > apart * apart || n.aircraft == o.aircraft) return;
        if (n.bottom_m - o.top_m > tall_ + kSingle || o.bottom_m - n.top_m > tall_ + kSingle) return;
        judge_.judge(flights_[n.flight], flights_[o.flight], out);
    }

    const std::vector<Flight>& flights_;
    const Judge& judge_;
    double widest_, size_;
    float tall_;
    std::vector<Near> all_, fast_;  // by cell; those that are much faster than most
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
        std::vector<Flight> flights(n);
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
                    flights[k] = flight(static_cast<uint32_t>(k), aircraft.data()[k], latitude_deg.data()[k], longitude_deg.data()[k],
                                        altitude_m.data()[k], east_mps.data()[k], north_mps.data()[k], up_mps.data()[k], lookahead_s);
        });
        const Judge judge(horizontal_m, vertical_m, lookahead_s);
        const Sky sky(flights, judge, horizontal_m, vertical_m);
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
