// Losses between two segments of uniform motion, exactly: the distances over their common time are a quadratic's root and linear.
#pragma once

#include <cstdint>
#include <vector>

#include "earth.hpp"

namespace overflight {

struct Layers {  // minima by altitude, lowest layer first
    const double *floor_m, *horizontal_m, *vertical_m;
    size_t count;
    double widest_m, tallest_m;

    size_t at(double altitude_m) const {
        size_t k = 0;
        while (k + 1 < count && altitude_m >= floor_m[k + 1]) ++k;
        return k;
    }
};

struct Tracks {  // vertices, track after track, each in order of time
    const int64_t* offsets;
    const int64_t* time_us;
    const double *latitude_deg, *longitude_deg, *altitude_m;
    const uint8_t* broken;  // 1 where nothing is known between a vertex and the one before it
    size_t tracks, vertices;
    int64_t max_gap_us;
    std::vector<Vec> position;  // of every vertex, or empty: then computed when asked for

    Vec at(int64_t i) const { return position.empty() ? surface(latitude_deg[i], longitude_deg[i]) : position[static_cast<size_t>(i)]; }

    bool segment(int64_t i) const {  // whether vertices i and i + 1 (of one track) bound a segment
        return !broken[i + 1] && time_us[i + 1] - time_us[i] <= max_gap_us;
    }
};

struct Loss {
    int64_t a, b;  // vertices at which the two segments begin
    int64_t start_us, end_us, worst_us;
    double severity, horizontal_m, vertical_m, closure_mps;
};

// All losses of one pair of segments, in order of time. `shrink_m` is taken off the horizontal minima (position accuracies).
void segment_losses(const Tracks& tracks, const Layers& layers, int64_t i, int64_t j, double shrink_m, bool report_unknown,
                    std::vector<Loss>& out);

}  // namespace overflight
