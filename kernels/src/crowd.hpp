#pragma once

#include <unordered_map>

#include "arrays.hpp"

namespace overflight {

struct CrowdLimits {
    int64_t shared_tracks, shared_us;
    double shared_speed_mps, shared_deg;
    int64_t copy_age_us;
    double copy_m, copy_same_m, copy_climb_m, copy_turn_deg, copy_speed_mps, apart_m;
    int64_t apart_us;
};

// Looks across tracks, in order of time; keeps what it needs of the past between calls.
class Crowd {
   public:
    explicit Crowd(const CrowdLimits& limits) : limits_(limits) {}
    nb::tuple update(In<int64_t> time_us, In<uint32_t> track, In<double> latitude_deg, In<double> longitude_deg, In<double> altitude_m,
                         In<double> speed_mps, In<double> course_deg, In<uint8_t> doubtful, In<uint8_t> hearsay, In<uint32_t> aircraft, size_t threads);
    void keep(In<int64_t> kept, In<int64_t> aircraft);
    nb::bytes state() const;
    void set_state(nb::bytes state);

   private:
    struct Rows {  // of a call, in order of time
        size_t size, tracks;
        const int64_t* time_us;
        const uint32_t* track;
        const double *latitude, *longitude, *altitude, *speed, *course;
        const uint8_t *doubtful, *hearsay;
        const uint32_t* aircraft;
    };
    struct Copy {  // a row, and the track that it copies
        int64_t row, original;
    };
    struct Visit {  // who was last at a point
        int64_t cell, time_us;
        uint32_t aircraft, used;
    };
    struct Visits {  // by cell, open addressing
        std::vector<Visit> slots;
        size_t used = 0;
        explicit Visits(size_t room = 0);
        template <class Other>
        Visit* find(int64_t cell, uint32_t aircraft, Other&& other);
        void add(const Visit& visit);
    };
    struct Last {  // a track's last sound position, and the cell that it was put in
        int64_t time_us, cell;
        double latitude, longitude, altitude_m, speed_mps, course_deg;
        double cell_latitude, cell_longitude;  // where it was put in; moving a little leaves it there
        uint64_t seen;
    };

    void find_shared(const Rows& rows, std::vector<uint32_t>& flags);
    void find_copies(const Rows& rows, std::vector<Copy>& copies);
    bool visit(int64_t cell, int64_t time_us, uint32_t aircraft);
    int64_t original(uint32_t track, const Last& here, const uint8_t* hearsay, const uint32_t* aircraft);
    void settle(uint32_t track, Last here);
    void place_all();

    CrowdLimits limits_;
    Visits visits_, before_;  // since `since_us_`, and in as long a time before
    int64_t since_us_ = 0;
    std::vector<Last> last_;
    std::unordered_map<int64_t, std::vector<uint32_t>> cells_;
    std::unordered_map<uint64_t, int64_t> apart_;  // hearsay and a track that it was seen away from: when last
};

}  // namespace overflight
