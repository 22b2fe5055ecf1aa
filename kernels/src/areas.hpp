#pragma once

#include "arrays.hpp"
#include "earth.hpp"

namespace overflight {

struct Point {
    double u, v;
};

// Areas on the Earth, cut into cells so that the question "inside?" looks at few edges.
//
// Seen from the middle of the Earth, a cube around it has six faces, and on each every great ellipse is a straight line: so is
// every piece of boundary, and every chord that an aircraft flies. Inside a face everything is plane geometry, exact up to
// rounding, and no pole or meridian is special. Each face has kCells by kCells cells; a cell knows of each area whether its own
// middle is inside, and which pieces of boundary run through it.
class Areas {
   public:
    // Pieces of boundary, area after area (`area` ascends), from a to b; short ones, whose chord lies next to the surface. A piece
    // that is `open` only closes its area: no distance is measured to it.
    Areas(In<uint32_t> area, In<double> latitude_a, In<double> longitude_a, In<double> latitude_b, In<double> longitude_b, In<uint8_t> closing, size_t areas);

    struct Entry {  // an area in a cell
        uint32_t area, first, count;  // its edges there: cell_edges_[first, first + count)
        bool middle_inside;
    };
    struct Cell {
        int face, x, y;
        int64_t key() const { return (static_cast<int64_t>(face) * kCells + y) * kCells + x; }
    };
    struct Crossing {
        uint32_t area, piece;
        double share;  // of the way from the first point to the second
    };

    size_t size() const { return areas_; }
    // The areas that a surface point is in, ascending. On the boundary counts as inside.
    void locate(Vec p, std::vector<uint32_t>& found) const;
    // Where the way from a to b, both on the surface, crosses boundaries: by area, then share.
    void crossings(Vec a, Vec b, std::vector<Crossing>& found) const;
    // Distance (chord, m) from a surface point to the boundary of an area, and the piece that is nearest; any piece of the area
    // may be given to begin with, and a near one saves time.
    double distance(uint32_t area, Vec p, uint32_t& piece) const;
    double distance_to_piece(uint32_t piece, Vec p) const;

    // For Python: pairs (point, area) of which the point is inside.
    nb::tuple inside(In<double> latitude, In<double> longitude) const;
    // For Python: distance in m from points to the boundary of one area each, and the nearest boundary point.
    nb::tuple nearest(In<double> latitude, In<double> longitude, In<uint32_t> area) const;

   private:
    static constexpr int kCells = 256;
    struct Edge {
        Point a, b;
        uint32_t piece;
    };
    struct Block {  // pieces next to each other (or blocks of them), and a sphere around them
        Vec middle;
        double radius;
        uint32_t first, last;
    };

    using Border = std::vector<std::pair<int64_t, uint32_t>>;  // cell, edge
    using Found = std::vector<std::pair<int64_t, Entry>>;

    static int face_of(Vec p);
    static bool on_face(int face, Vec p, Point& out);  // false where the face does not see it well
    static Cell cell_of(int face, Point p);
    static Point middle_of(const Cell& c);
    static Vec direction_of(int face, Point p);
    bool inside_by_pieces(uint32_t area, Vec p) const;
    bool inside_entry(const Entry& e, const Cell& c, Point p) const;
    std::pair<const Entry*, const Entry*> entries_of(const Cell& c) const;
    template <class F>
    void cells_along(int face, Point a, Point b, F&& each) const;
    void build_blocks();
    void build_cells();
    void flood(uint32_t area, int face, Border& border, Found& found);

    size_t areas_;
    std::vector<Vec> a_, b_;
    std::vector<uint8_t> open_;
    std::vector<uint32_t> area_of_, first_piece_;  // first_piece_[area] to first_piece_[area + 1]
    std::vector<uint32_t> first_group_;
    std::vector<Block> groups_, blocks_;  // groups of blocks of pieces
    std::vector<Vec> outside_;  // of each area a direction that is not in it
    std::vector<Edge> edges_;
    std::vector<uint32_t> cell_edges_;
    std::vector<Entry> entries_;
    std::vector<uint32_t> first_entry_;  // by cell key
};

}  // namespace overflight
