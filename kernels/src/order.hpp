#pragma once

#include "arrays.hpp"

namespace overflight {

nb::tuple order_by_track(In<uint32_t> track, size_t tracks);

}  // namespace overflight
