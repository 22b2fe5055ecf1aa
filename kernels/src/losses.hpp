#pragma once

#include "arrays.hpp"

namespace overflight {

nb::tuple losses(In<int64_t> offsets, In<int64_t> time_us, In<double> latitude_deg, In<double> longitude_deg, In<double> altitude_m,
                 In<uint8_t> broken, In<uint32_t> aircraft, In<int64_t> fresh_from, In<double> floor_m, In<double> horizontal_m,
                 In<double> vertical_m, int64_t max_gap_us, int64_t block_us, bool report_unknown, size_t threads);

nb::tuple losses_between(In<int64_t> offsets, In<int64_t> time_us, In<double> latitude_deg, In<double> longitude_deg,
                         In<double> altitude_m, In<uint8_t> broken, In<int64_t> a, In<int64_t> b, In<double> shrink_m,
                         In<double> floor_m, In<double> horizontal_m, In<double> vertical_m, int64_t max_gap_us, bool report_unknown);

}  // namespace overflight
