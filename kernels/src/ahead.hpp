#pragma once

#include "arrays.hpp"

namespace overflight {

// Pairs of aircraft that will be nearer than both thresholds within the lookahead if each goes on along its great circle.
nb::tuple ahead(In<double> latitude_deg, In<double> longitude_deg, In<double> altitude_m, In<double> east_mps, In<double> north_mps,
                In<double> up_mps, In<uint32_t> aircraft, double horizontal_m, double vertical_m, double lookahead_s, size_t threads);

}  // namespace overflight
