// The Python module: names, argument names and docstrings.

#include "ahead.hpp"
#include "areas.hpp"
#include "crowd.hpp"
#include "gate.hpp"
#include "losses.hpp"
#include "order.hpp"
#include "stays.hpp"

namespace nb = nanobind;
using namespace nb::literals;

NB_MODULE(_kernels, m) {
    m.def("ahead", &overflight::ahead, "latitude_deg"_a, "longitude_deg"_a, "altitude_m"_a, "east_mps"_a, "north_mps"_a, "up_mps"_a, "aircraft"_a,
          "horizontal_m"_a, "vertical_m"_a, "lookahead_s"_a, "threads"_a, R"(Pairs that will be nearer than both thresholds at once within the lookahead.

latitude_deg, ... up_mps (N): one picture of the sky; each goes on along its great circle and at its rate of climb. Altitude or climb
NaN: unknown, judged in the plane alone. aircraft (N): equal codes are one aircraft and never a pair.

Returns (a, b, time_in, time_out): rows a < b, s from now; sorted by a, b. What touches a threshold is no conflict.)");
    m.def("order_by_track", &overflight::order_by_track, "track"_a, "tracks"_a,
          "Rows grouped by track code, in their given order within a track: (row indices, offsets of the tracks).");
    m.def("order_ties", &overflight::order_ties, "time_us"_a, "rank"_a,
          "Row indices that put rows of one time into the order of their rank; time_us is ascending, equal ranks stay in their order.");
    m.def("losses", &overflight::losses, "offsets"_a, "time_us"_a, "latitude_deg"_a, "longitude_deg"_a, "altitude_m"_a, "broken"_a,
          "aircraft"_a, "fresh_from"_a, "floor_m"_a, "horizontal_m"_a, "vertical_m"_a, "max_gap_us"_a, "block_us"_a,
          "report_unknown"_a, "threads"_a, R"(Every loss of separation between tracks, per pair of segments.

offsets (T+1): the vertices of track t are offsets[t] to offsets[t+1], in order of time.
time_us, latitude_deg, longitude_deg, altitude_m (N): the vertices; altitude NaN where unknown.
broken (N): 1 where nothing is known between a vertex and the one before it.
aircraft (T): tracks with the same code are the same aircraft and never a pair.
fresh_from (T): only segments that end at or after this vertex are new; at least one of a pair is.
floor_m, horizontal_m, vertical_m (L): minima by altitude, lowest layer first.
max_gap_us: nothing is assumed between two reports further apart.
block_us: length of the blocks of time in which candidates are looked for; the answer does not depend on it.
report_unknown: whether pairs without altitude are compared in the plane (vertical distance NaN) or left out.

Returns (a, b, start_us, end_us, worst_us, severity, horizontal_m, vertical_m, closure_mps): a < b are the vertices at which
the two segments begin; severity is the least of max(dH/minH, dV/minV), reached at worst_us; closure is the rate at which
the horizontal distance shrank at the start. Sorted by a, b, start.)");
    m.def("losses_between", &overflight::losses_between, "offsets"_a, "time_us"_a, "latitude_deg"_a, "longitude_deg"_a, "altitude_m"_a,
          "broken"_a, "a"_a, "b"_a, "shrink_m"_a, "floor_m"_a, "horizontal_m"_a, "vertical_m"_a, "max_gap_us"_a,
          "report_unknown"_a, R"(The same for given pairs of segments (the vertices a[k], b[k] at which they begin).

shrink_m (K) is taken off the horizontal minimum of each pair: what is still a loss then is one wherever the aircraft were within
their accuracies. Returned in the order of the pairs.)");
    nb::class_<overflight::GateLimits>(m, "GateLimits", "When a position along a track cannot be true. SI units.")
        .def(nb::init<double, double, double, double, double, double, double, double, double, int64_t, double, double, double>(), nb::kw_only(),
             "top_speed_mps"_a, "speed_factor"_a, "speed_margin_mps"_a, "climb_mps"_a, "jitter_s"_a, "slack_m"_a, "climb_slack_m"_a,
             "frozen_m"_a, "frozen_s"_a, "relocate_after"_a, "circle_least_m"_a, "circle_most_m"_a, "circle_roundness"_a);
    nb::class_<overflight::TrackGate>(m, "TrackGate", "Looks along each track; keeps what it needs of the past between calls.")
        .def(nb::init<const overflight::GateLimits&>(), "limits"_a)
        .def("update", &overflight::TrackGate::update, "offsets"_a, "time_us"_a, "latitude_deg"_a, "longitude_deg"_a, "altitude_m"_a,
             "speed_mps"_a, "threads"_a, R"(Rows track after track (see losses), NaN where unknown.

Returns (flags, row, latitude_deg, longitude_deg, radius_m): flags 1 frozen, 2 jump, 4 relocated; and the circles on which a
track was found to fly, with the row at which it was.)")
        .def("keep", &overflight::TrackGate::keep, "kept"_a, "Forget all tracks but these (ascending), which get new numbers in their order.")
        .def("state", &overflight::TrackGate::state)
        .def("set_state", &overflight::TrackGate::set_state, "state"_a);
    nb::class_<overflight::CrowdLimits>(m, "CrowdLimits", "When tracks share a point, and when one copies another. SI units.")
        .def(nb::init<int64_t, int64_t, double, double, int64_t, double, double, double, double, double, double, int64_t>(), nb::kw_only(), "shared_tracks"_a,
             "shared_us"_a, "shared_speed_mps"_a, "shared_deg"_a, "copy_age_us"_a, "copy_m"_a, "copy_same_m"_a, "copy_climb_m"_a,
             "copy_turn_deg"_a, "copy_speed_mps"_a, "apart_m"_a, "apart_us"_a);
    nb::class_<overflight::Crowd>(m, "Crowd", "Looks across tracks in order of time; keeps what it needs of the past between calls.")
        .def(nb::init<const overflight::CrowdLimits&>(), "limits"_a)
        .def("update", &overflight::Crowd::update, "time_us"_a, "track"_a, "latitude_deg"_a, "longitude_deg"_a, "altitude_m"_a, "speed_mps"_a,
             "course_deg"_a, "doubtful"_a, "hearsay"_a, "aircraft"_a, "threads"_a, R"(Rows in order of time.

Returns (flags, row, original): flags 1 shared point, 2 copy; the rows that are copies, and the track that each copies.

doubtful (N): 1 where a position is not to be believed: no original for a copy. hearsay (T): 0 where a track is the
aircraft's own word, more the further from it. aircraft (T): equal for tracks of one aircraft.)")
        .def("keep", &overflight::Crowd::keep, "kept"_a, "aircraft"_a,
             "Forget all tracks but these (ascending), which get new numbers in their order; aircraft: the new number by the old, -1 where gone.")
        .def("state", &overflight::Crowd::state)
        .def("set_state", &overflight::Crowd::set_state, "state"_a);
    nb::class_<overflight::Areas>(m, "Areas", R"(Areas on the Earth, cut into cells.

area (P), ascending: which area a piece of boundary is of; latitude_a, ... (P): its ends in degrees. Pieces are short (5 km): they are
straight lines between points of the surface. closing (P): 1 for a piece that only closes its area, to which no distance is measured. An area is what an odd number of its pieces divides from the far side of the Earth.)")
        .def(nb::init<overflight::In<uint32_t>, overflight::In<double>, overflight::In<double>, overflight::In<double>, overflight::In<double>,
                      overflight::In<uint8_t>, size_t>(),
             "area"_a, "latitude_a"_a, "longitude_a"_a, "latitude_b"_a, "longitude_b"_a, "closing"_a, "areas"_a)
        .def("inside", &overflight::Areas::inside, "latitude"_a, "longitude"_a, "Pairs (point, area) of which the point is inside; on the boundary is inside.")
        .def("nearest", &overflight::Areas::nearest, "latitude"_a, "longitude"_a, "area"_a,
             "Distance in m of each point from the boundary of its area (chord), and the nearest boundary point (Earth-centred x, y, z in m).");
    m.def("stays", &overflight::stays, "areas"_a, "offsets"_a, "time_us"_a, "latitude_deg"_a, "longitude_deg"_a, "altitude_m"_a, "linked"_a,
          "fresh_from"_a, "area"_a, "floor_m"_a, "ceiling_m"_a, "window_offsets"_a, "window_start_us"_a, "window_end_us"_a, "report_unknown"_a,
          "threads"_a, R"(When each track was in which volume.

offsets (T+1), time_us, latitude_deg, longitude_deg, altitude_m, linked (N), fresh_from (T): vertices as in losses; linked 1 where
a segment leads to the vertex.
area (V), ascending: the area of each volume. floor_m, ceiling_m (V): its levels, infinite where there is none; both count as inside.
window_offsets (V+1), window_start_us, window_end_us: when it is active, in order; always where it has no window.
report_unknown: whether volumes with levels are tested by their area alone where no altitude is known.

Returns (track, volume, start_us, end_us, start_why, end_why, unknown, start_vertex, end_vertex, path_mm, depth_m, deepest_us,
deepest_vertex). Why: 0 it goes on before or after, 1 first report, 2 boundary, 3 floor or ceiling, 4 became active or ceased to be.
start_vertex: at which the segment begins in which the stay starts. depth: greatest distance to the boundary, in m.)");
}
