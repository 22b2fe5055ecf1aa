#pragma once

#include "areas.hpp"

namespace overflight {

nb::tuple stays(const Areas& areas, In<int64_t> offsets, In<int64_t> time_us, In<double> latitude_deg, In<double> longitude_deg,
                In<double> altitude_m, In<uint8_t> linked, In<int64_t> fresh_from, In<uint32_t> area, In<double> floor_m,
                In<double> ceiling_m, In<int64_t> window_offsets, In<int64_t> window_start_us, In<int64_t> window_end_us,
                bool report_unknown, size_t threads);

}  // namespace overflight
