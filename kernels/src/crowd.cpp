// What only shows across tracks: many aircraft on one point, and a track that copies another.
//
// Causal and in order of time, so the answer does not depend on how a recording is cut into batches.

#include "crowd.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <thread>

#include "earth.hpp"

namespace overflight {
namespace {

constexpr uint32_t kShared = 1, kCopy = 2;
// Tracks up to kNear from each other are compared; the original has flown up to copy_age_us (15 s, 6.7 km at Mach 1.3) since its
// last report, and moved up to kStir since it was put into its cell: together less than a cell.
constexpr double kNear = 10'000.0;  // m
constexpr double kCell = 25'000.0;  // m
constexpr double kStir = 8'000.0;   // m, less than which a track moves without changing its cell

// The point that a position is rounded to.
int64_t point_of(double latitude, double longitude, double per_deg) {
    const auto part = [&](double v) { return static_cast<int64_t>((v + 360.0) * per_deg + 0.5); };
    return (part(latitude) << 32) | part(longitude);
}

uint64_t hash_of(int64_t cell) {
    const uint64_t h = static_cast<uint64_t>(cell) * 0x9E3779B97F4A7C15ull;
    return h ^ (h >> 32);
}

int64_t cell_of(double latitude, double longitude) {
    const Vec p = surface(latitude, longitude);
    const auto part = [](double v) { return static_cast<int64_t>(std::floor(v / kCell)) + 2048; };
    return (part(p.x) << 26) | (part(p.y) << 13) | part(p.z);
}

double turn(double a, double b) { return std::abs(std::remainder(a - b, 360.0)); }

}  // namespace

bool Crowd::visit(int64_t cell, int64_t time_us, uint32_t aircraft) {
    // Visits of the last `shared_us` count: those of one such time after the other are kept apart, so that old ones go all at once.
    if (time_us - since_us_ > limits_.shared_us) {
        const bool idle = time_us - since_us_ > 2 * limits_.shared_us;
        before_ = idle ? Visits{} : std::move(visits_);
        visits_ = Visits(before_.used);
        since_us_ = time_us;
    }
    // One slot an aircraft and cell; the count of aircraft seen there lately is what matters.
    int64_t others = 0;
    Visit* mine = visits_.find(cell, aircraft, [&](const Visit& v) { others += time_us - v.time_us <= limits_.shared_us; });
    before_.find(cell, aircraft, [&](const Visit& v) {
        if (time_us - v.time_us > limits_.shared_us) return;
        others += !visits_.find(cell, v.aircraft, [](const Visit&) {});  // who came again counts once
    });
    if (mine) mine->time_us = time_us;
    else visits_.add({cell, time_us, aircraft, 1});
    return others + 1 >= limits_.shared_tracks;
}

template <class Other>
Crowd::Visit* Crowd::Visits::find(int64_t cell, uint32_t aircraft, Other&& other) {
    Visit* mine = nullptr;
    if (slots.empty()) return mine;
    const size_t mask = slots.size() - 1;
    for (size_t k = hash_of(cell) & mask; slots[k].used; k = (k + 1) & mask) {
        if (slots[k].cell != cell) continue;
        if (slots[k].aircraft == aircraft) mine = &slots[k];
        else other(slots[k]);
    }
    return mine;
}

Crowd::Visits::Visits(size_t room) {
    size_t size = 1024;
    while (size < 2 * (room + 1)) size *= 2;
    slots.resize(size);
}

void Crowd::Visits::add(const Visit& visit) {
    if (2 * (used + 1) > slots.size()) {
        const std::vector<Visit> old = std::move(slots);
        *this = Visits(2 * used);
        for (const Visit& v : old)
            if (v.used) add(v);
    }
    const size_t mask = slots.size() - 1;
    size_t k = hash_of(visit.cell) & mask;
    while (slots[k].used) k = (k + 1) & mask;
    slots[k] = visit, ++used;
}


// The track, better than this one, that was just where this one is, and moving alike; the lowest of several, -1 where there is none.
int64_t Crowd::original(uint32_t track, const Last& here, const uint8_t* hearsay, const uint32_t* aircraft) {
    const Vec now = surface(here.latitude, here.longitude);
    const int64_t cell = cell_of(here.latitude, here.longitude);
    const auto repeats = [&](uint32_t other) {
        if (other == track) return false;
        const bool same = aircraft[other] == aircraft[track];
        // The original is what is nearer to the aircraft's own word; of two views of one address, the one met first.
        if (hearsay[other] > hearsay[track]) return false;
        if (hearsay[other] == hearsay[track] && (!same || other > track)) return false;
        const Last& o = last_[other];
        if (here.time_us - o.time_us > limits_.copy_age_us) return false;
        // Where the other is by now, in its own horizontal plane.
        const bool moves = !std::isnan(o.speed_mps) && !std::isnan(o.course_deg);
        const double gone = moves ? o.speed_mps * 1e-6 * static_cast<double>(here.time_us - o.time_us) : 0.0;
        const double course = moves ? o.course_deg * kRadians : 0.0, phi = o.latitude * kRadians, lam = o.longitude * kRadians;
        const Vec east{-std::sin(lam), std::cos(lam), 0};
        const Vec north{-std::sin(phi) * std::cos(lam), -std::sin(phi) * std::sin(lam), std::cos(phi)};
        const double d = norm(surface(o.latitude, o.longitude) + (gone * std::sin(course)) * east + (gone * std::cos(course)) * north - now);
        if (same) return d <= limits_.copy_same_m;
        // Who was seen away from the other, while both were heard, is somebody else who came near.
        const uint64_t pair = static_cast<uint64_t>(track) << 32 | other;
        if (d > kNear) return false;
        if (d > limits_.apart_m) {
            apart_[pair] = here.time_us;
            return false;
        }
        const auto away = apart_.find(pair);
        if (away != apart_.end() && here.time_us - away->second <= limits_.apart_us) return false;
        if (d > limits_.copy_m || std::abs(o.altitude_m - here.altitude_m) > limits_.copy_climb_m) return false;
        return !(o.speed_mps > limits_.copy_speed_mps && here.speed_mps > limits_.copy_speed_mps &&
                 turn(o.course_deg, here.course_deg) > limits_.copy_turn_deg);
    };
    int64_t best = -1;
    for (int64_t dx = -1; dx <= 1; ++dx)
        for (int64_t dy = -1; dy <= 1; ++dy)
            for (int64_t dz = -1; dz <= 1; ++dz) {
                const auto found = cells_.find(cell + dx * (1 << 26) + dy * (1 << 13) + dz);
                if (found == cells_.end()) continue;
                for (const uint32_t other : found->second)
                    if (repeats(other) && (best < 0 || other < best)) best = other;
            }
    return best;
}

void Crowd::settle(uint32_t track, Last here) {
    if (track >= last_.size()) last_.resize(track + 1, Last{});
    Last& was = last_[track];
    // A degree is at most 111.7 km: what has hardly moved keeps its cell without trigonometry.
    const bool stays = was.seen && std::abs(here.latitude - was.cell_latitude) + std::abs(here.longitude - was.cell_longitude) < kStir / 111.7e3;
    here.cell = stays ? was.cell : cell_of(here.latitude, here.longitude);
    here.cell_latitude = stays ? was.cell_latitude : here.latitude;
    here.cell_longitude = stays ? was.cell_longitude : here.longitude;
    if (!was.seen || was.cell != here.cell) {
        if (was.seen) {
            auto& members = cells_[was.cell];
            members.erase(std::find(members.begin(), members.end(), track));
            if (members.empty()) cells_.erase(was.cell);
        }
        auto& members = cells_[here.cell];
        members.insert(std::lower_bound(members.begin(), members.end(), track), track);  // sorted: the answer is the same after a restart
    }
    was = here;
}

// Flag the rows on points where many aircraft were lately.
void Crowd::find_shared(const Rows& rows, std::vector<uint32_t>& flags) {
    const double per_deg = 1.0 / limits_.shared_deg;
    constexpr size_t kAhead = 16;  // rows: the table of points does not fit the cache
    for (size_t k = 0; k < rows.size; ++k) {
        if (k + kAhead < rows.size && !visits_.slots.empty()) {
            const int64_t next = point_of(rows.latitude[k + kAhead], rows.longitude[k + kAhead], per_deg);
            __builtin_prefetch(&visits_.slots[hash_of(next) & (visits_.slots.size() - 1)], 1);
            if (!before_.slots.empty()) __builtin_prefetch(&before_.slots[hash_of(next) & (before_.slots.size() - 1)]);
        }
        if (rows.speed[k] < limits_.shared_speed_mps) continue;  // false for NaN: an unknown speed is no excuse
        if (visit(point_of(rows.latitude[k], rows.longitude[k], per_deg), rows.time_us[k], rows.aircraft[rows.track[k]])) flags[k] = kShared;
    }
}

// Find the rows of tracks that copy another.
void Crowd::find_copies(const Rows& rows, std::vector<Copy>& copies) {
    // Only what is hearsay, or one of several of an aircraft, can be a copy.
    std::vector<uint32_t> tracks_of(rows.tracks ? *std::max_element(rows.aircraft, rows.aircraft + rows.tracks) + size_t{1} : 0);
    for (size_t t = 0; t < rows.tracks; ++t) ++tracks_of[rows.aircraft[t]];
    std::vector<uint8_t> copyable(rows.tracks);
    for (size_t t = 0; t < rows.tracks; ++t) copyable[t] = rows.hearsay[t] > 0 || tracks_of[rows.aircraft[t]] > 1;
    if (rows.size)
        for (auto it = apart_.begin(); it != apart_.end();)
            it = rows.time_us[0] - it->second > limits_.apart_us ? apart_.erase(it) : std::next(it);
    const auto here = [&](size_t k) {
        return Last{rows.time_us[k], 0, rows.latitude[k], rows.longitude[k], rows.altitude[k], rows.speed[k], rows.course[k], 0, 0, 1};
    };
    if (std::find(copyable.begin(), copyable.end(), 1) == copyable.end()) {
        // Nobody asks where the others were: only the last position of each is needed, by the rows to come.
        std::vector<int64_t> last(rows.tracks, -1);
        for (size_t k = 0; k < rows.size; ++k)
            if (!rows.doubtful[k]) last[rows.track[k]] = static_cast<int64_t>(k);
        for (size_t t = 0; t < rows.tracks; ++t)
            if (last[t] >= 0) settle(static_cast<uint32_t>(t), here(static_cast<size_t>(last[t])));
        return;
    }
    for (size_t k = 0; k < rows.size; ++k) {
        if (rows.doubtful[k]) continue;
        const uint32_t t = rows.track[k];
        const int64_t from = copyable[t] ? original(t, here(k), rows.hearsay, rows.aircraft) : -1;
        if (from >= 0) copies.push_back({static_cast<int64_t>(k), from});
        settle(t, here(k));
    }
}

nb::tuple Crowd::update(In<int64_t> time_us, In<uint32_t> track, In<double> latitude_deg, In<double> longitude_deg,
                            In<double> altitude_m, In<double> speed_mps, In<double> course_deg, In<uint8_t> doubtful,
                            In<uint8_t> hearsay, In<uint32_t> aircraft, size_t threads) {
    const size_t n = time_us.shape(0), tracks = hearsay.shape(0);
    require_size(track, n, "track");
    require_size(latitude_deg, n, "latitude_deg");
    require_size(longitude_deg, n, "longitude_deg");
    require_size(altitude_m, n, "altitude_m");
    require_size(speed_mps, n, "speed_mps");
    require_size(course_deg, n, "course_deg");
    require_size(doubtful, n, "doubtful");
    require_size(aircraft, tracks, "aircraft");
    if (n && *std::max_element(track.data(), track.data() + n) >= tracks) throw std::out_of_range("track: a number beyond the tracks");
    const Rows rows{n,           tracks,           time_us.data(),   track.data(),    latitude_deg.data(), longitude_deg.data(),
                    altitude_m.data(), speed_mps.data(), course_deg.data(), doubtful.data(), hearsay.data(),      aircraft.data()};
    std::vector<uint32_t> flags(n, 0);
    std::vector<Copy> copies;
    std::vector<int64_t> row, original_of;
    {
        nb::gil_scoped_release release;
        // The two share nothing but the rows.
        if (threads > 1) {
            std::thread other([&] { find_copies(rows, copies); });
            find_shared(rows, flags);
            other.join();
        } else {
            find_shared(rows, flags);
            find_copies(rows, copies);
        }
        for (const Copy& copy : copies) {
            flags[static_cast<size_t>(copy.row)] |= kCopy;
            row.push_back(copy.row), original_of.push_back(copy.original);
        }
    }
    return nb::make_tuple(to_numpy(std::move(flags)), to_numpy(std::move(row)), to_numpy(std::move(original_of)));
}

void Crowd::keep(In<int64_t> kept, In<int64_t> aircraft) {
    constexpr uint32_t kGone = UINT32_MAX;
    std::vector<uint32_t> number(last_.size(), kGone);
    std::vector<Last> now;
    for (size_t k = 0; k < kept.shape(0); ++k)
        if (static_cast<uint64_t>(kept.data()[k]) < last_.size()) {
            number[static_cast<size_t>(kept.data()[k])] = static_cast<uint32_t>(now.size());
            now.push_back(last_[static_cast<size_t>(kept.data()[k])]);
        }
    last_ = std::move(now);
    decltype(apart_) apart;
    for (const auto& [pair, time_us] : apart_) {
        const uint32_t a = number[pair >> 32], b = number[pair & UINT32_MAX];
        if (a != kGone && b != kGone) apart[static_cast<uint64_t>(a) << 32 | b] = time_us;
    }
    apart_ = std::move(apart);
    // Who is forgotten counts on at the point where it was: by a number that nobody has.
    uint32_t nobody = UINT32_MAX;
    for (Visits* visits : {&before_, &visits_})
        for (Visit& visit : visits->slots)
            if (visit.used) {
                const int64_t now_is = visit.aircraft < aircraft.shape(0) ? aircraft.data()[visit.aircraft] : -1;
                visit.aircraft = now_is < 0 ? nobody-- : static_cast<uint32_t>(now_is);
            }
    place_all();
}

void Crowd::place_all() {
    cells_.clear();
    for (uint32_t t = 0; t < last_.size(); ++t)
        if (last_[t].seen) cells_[last_[t].cell].push_back(t);
}

nb::bytes Crowd::state() const {
    std::string out;
    const auto append = [&](const auto& value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); };
    const uint64_t head[5] = {before_.used, visits_.used, last_.size(), apart_.size(), static_cast<uint64_t>(since_us_)};
    append(head);
    for (const Visits* visits : {&before_, &visits_})
        for (const Visit& visit : visits->slots)
            if (visit.used) append(visit);
    out.append(reinterpret_cast<const char*>(last_.data()), last_.size() * sizeof(Last));
    for (const auto& [pair, time_us] : apart_) append(pair), append(time_us);
    return nb::bytes(out.data(), out.size());
}

void Crowd::set_state(nb::bytes state) {
    uint64_t head[5];
    if (state.size() < sizeof head) throw std::invalid_argument("state: cut short");
    std::memcpy(head, state.c_str(), sizeof head);
    if (state.size() != sizeof head + (head[0] + head[1]) * sizeof(Visit) + head[2] * sizeof(Last) + head[3] * 16)
        throw std::invalid_argument("state: of another version of the kernels");
    const char* rest = state.c_str() + sizeof head;
    const auto take = [&](auto& value) { std::memcpy(&value, rest, sizeof value), rest += sizeof value; };
    for (Visits* visits : {&before_, &visits_}) {
        *visits = Visits{};
        for (uint64_t k = 0; k < head[visits == &visits_]; ++k) {
            Visit visit;
            take(visit);
            visits->add(visit);
        }
    }
    since_us_ = static_cast<int64_t>(head[4]);
    last_.resize(head[2]);
    std::memcpy(last_.data(), rest, head[2] * sizeof(Last));
    rest += head[2] * sizeof(Last);
    apart_.clear();
    for (uint64_t k = 0; k < head[3]; ++k) {
        uint64_t pair;
        int64_t time_us;
        take(pair), take(time_us);
        apart_[pair] = time_us;
    }
    place_all();
}

}  // namespace overflight
