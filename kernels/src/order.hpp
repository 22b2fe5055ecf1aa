#pragma once

#include "arrays.hpp"

namespace overflight {

nb::tuple order_by_track(In<uint32_t> track, size_t tracks);
Out<int64_t> order_ties(In<int64_t> time_us, In<uint32_t> rank);

}  // namespace overflight
