#pragma once

#include <array>

#include "arrays.hpp"

namespace overflight {

struct GateLimits {
    double top_speed_mps, speed_factor, speed_margin_mps, climb_mps, jitter_s, slack_m, climb_slack_m;
    double frozen_m, frozen_s;
    int64_t relocate_after;
    double circle_least_m, circle_most_m, circle_roundness;
};

constexpr size_t kRing = 24;

struct Fix {
    int64_t time_us;
    double latitude, longitude, altitude_m, speed_mps;
};

struct TrackState {
    Fix good{}, pending{}, still{};  // last accepted; last refused; first of a run of identical positions
    int64_t pending_count = 0;
    uint8_t has_good = 0, has_still = 0;
    size_t ring_first = 0, ring_count = 0;  // the last kRing positions some seconds apart, oldest first
    std::array<int64_t, kRing> ring_us{};
    std::array<double, kRing> ring_lat{}, ring_lon{};

    size_t newest() const { return (ring_first + ring_count - 1) % kRing; }
};
static_assert(std::is_trivially_copyable_v<TrackState>);

// Looks along each track; keeps what it needs of the past between calls.
class TrackGate {
   public:
    explicit TrackGate(const GateLimits& limits) : limits_(limits) {}
    nb::tuple update(In<int64_t> offsets, In<int64_t> time_us, In<double> latitude_deg, In<double> longitude_deg,
                     In<double> altitude_m, In<double> speed_mps, size_t threads);
    void keep(In<int64_t> kept);
    nb::bytes state() const;
    void set_state(nb::bytes state);

   private:
    GateLimits limits_;
    std::vector<TrackState> tracks_;
};

}  // namespace overflight
