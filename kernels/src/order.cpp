// Rows grouped by track: a stable counting sort, so rows that come in order of time stay so within their track.

#include "order.hpp"

#include <algorithm>

namespace overflight {

nb::tuple order_by_track(In<uint32_t> track, size_t tracks) {
    const size_t n = track.shape(0);
    const uint32_t* code = track.data();
    std::vector<int64_t> offsets(tracks + 1, 0), row(n);
    {
        nb::gil_scoped_release release;
        for (size_t k = 0; k < n; ++k) {
            if (code[k] >= tracks) throw std::out_of_range("track: a code beyond the number of tracks");
            ++offsets[code[k] + 1];
        }
        for (size_t t = 0; t < tracks; ++t) offsets[t + 1] += offsets[t];
        std::vector<int64_t> fill(offsets.begin(), offsets.end());
        for (size_t k = 0; k < n; ++k) row[static_cast<size_t>(fill[code[k]]++)] = static_cast<int64_t>(k);
    }
    return nb::make_tuple(to_numpy(std::move(row)), to_numpy(std::move(offsets)));
}

Out<int64_t> order_ties(In<int64_t> time_us, In<uint32_t> rank) {
    const size_t n = time_us.shape(0);
    require_size(rank, n, "rank");
    const int64_t* time = time_us.data();
    const uint32_t* key = rank.data();
    std::vector<int64_t> row(n);
    {
        nb::gil_scoped_release release;
        for (size_t k = 0; k < n; ++k) row[k] = static_cast<int64_t>(k);
        for (size_t first = 0, end; first < n; first = end) {
            for (end = first + 1; end < n && time[end] == time[first];) ++end;
            const auto by_key = [key](int64_t a, int64_t b) { return key[a] < key[b]; };
            const auto from = row.begin() + static_cast<std::ptrdiff_t>(first), to = row.begin() + static_cast<std::ptrdiff_t>(end);
            if (end - first > 1 && !std::is_sorted(from, to, by_key)) std::stable_sort(from, to, by_key);
        }
    }
    return to_numpy(std::move(row));
}

}  // namespace overflight
