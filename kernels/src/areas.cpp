#include "areas.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <tuple>
#include <unordered_map>

namespace overflight {
namespace {

constexpr double kOnBoundary = 1e-3 / 6.4e6;  // nearer than 1 mm is on the boundary, in the plane of a face
constexpr double kMargin = 1e-8;              // by which a cell reaches beyond its border: 6 cm
constexpr uint32_t kBlock = 16;

double component(Vec p, int axis) { return axis == 0 ? p.x : axis == 1 ? p.y : p.z; }
Vec cross(Vec a, Vec b) { return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x}; }
double orient(Point a, Point b, Point c) { return (b.u - a.u) * (c.v - a.v) - (b.v - a.v) * (c.u - a.u); }

// Whether two lines cross. A point on a line counts as left of it, the same way for every line that ends there.
bool cross_each_other(Point a, Point b, Point c, Point d) {
    return (orient(a, b, c) >= 0) != (orient(a, b, d) >= 0) && (orient(c, d, a) >= 0) != (orient(c, d, b) >= 0);
}

double distance_in_plane(Point p, Point a, Point b) {
    const double du = b.u - a.u, dv = b.v - a.v, length2 = du * du + dv * dv;
    const double s = length2 > 0 ? std::clamp(((p.u - a.u) * du + (p.v - a.v) * dv) / length2, 0.0, 1.0) : 0.0;
    const double u = p.u - a.u - s * du, v = p.v - a.v - s * dv;
    return std::sqrt(u * u + v * v);
}

double from_line(Vec p, Vec a, Vec b) {
    const Vec d = b - a;
    const double length2 = dot(d, d);
    const double s = length2 > 0 ? std::clamp(dot(p - a, d) / length2, 0.0, 1.0) : 0.0;
    return norm(p - a - s * d);
}

}  // namespace

int Areas::face_of(Vec p) {
    const double x = std::abs(p.x), y = std::abs(p.y), z = std::abs(p.z);
    const int axis = x >= y && x >= z ? 0 : y >= z ? 1 : 2;
    return 2 * axis + (component(p, axis) < 0);
}

bool Areas::on_face(int face, Vec p, Point& out) {
    const int axis = face / 2;
    const double w = (face % 2 ? -1.0 : 1.0) * component(p, axis);
    if (w < 0.3 * norm(p)) return false;  // a face reaches to 0.577
    out = {component(p, (axis + 1) % 3) / w, component(p, (axis + 2) % 3) / w};
    return true;
}

Areas::Cell Areas::cell_of(int face, Point p) {
    const auto part = [](double x) { return std::clamp(static_cast<int>(std::floor((x + 1.0) * 0.5 * kCells)), 0, kCells - 1); };
    return {face, part(p.u), part(p.v)};
}

Point Areas::middle_of(const Cell& c) { return {(2.0 * c.x + 1.0) / kCells - 1.0, (2.0 * c.y + 1.0) / kCells - 1.0}; }

// The cells of a face that a line passes through or by less than the margin.
template <class F>
void Areas::cells_along(int face, Point a, Point b, F&& each) const {
    if (std::max(a.u, b.u) < -1 - kMargin || std::min(a.u, b.u) > 1 + kMargin || std::max(a.v, b.v) < -1 - kMargin || std::min(a.v, b.v) > 1 + kMargin) return;
    const Cell low = cell_of(face, {std::min(a.u, b.u) - kMargin, std::min(a.v, b.v) - kMargin});
    const Cell high = cell_of(face, {std::max(a.u, b.u) + kMargin, std::max(a.v, b.v) + kMargin});
    const double half = 1.0 / kCells + kMargin;
    const double nu = b.v - a.v, nv = a.u - b.u, reach = half * (std::abs(nu) + std::abs(nv));
    for (int y = low.y; y <= high.y; ++y)
        for (int x = low.x; x <= high.x; ++x) {
            const Cell c{face, x, y};
            const Point m = middle_of(c);
            if (std::abs(nu * (m.u - a.u) + nv * (m.v - a.v)) <= reach) each(c);
        }
}

Areas::Areas(In<uint32_t> area, In<double> latitude_a, In<double> longitude_a, In<double> latitude_b, In<double> longitude_b, In<uint8_t> closing,
             size_t areas)
    : areas_(areas) {
    const size_t n = area.shape(0);
    require_size(latitude_a, n, "latitude_a");
    require_size(longitude_a, n, "longitude_a");
    require_size(latitude_b, n, "latitude_b");
    require_size(longitude_b, n, "longitude_b");
    require_size(closing, n, "closing");
    std::vector<bool> closed(areas, false);
    first_piece_.assign(areas + 1, static_cast<uint32_t>(n));
    for (size_t k = 0; k < n; ++k) {
        const uint32_t of = area.data()[k];
        if (of >= areas || (k && of < area.data()[k - 1])) throw std::invalid_argument("area: does not ascend, or is beyond the areas");
        a_.push_back(surface(latitude_a.data()[k], longitude_a.data()[k]));
        b_.push_back(surface(latitude_b.data()[k], longitude_b.data()[k]));
        area_of_.push_back(of);
        open_.push_back(closing.data()[k]);
        if (!closing.data()[k]) closed[of] = true;
    }
    for (size_t k = n; k-- > 0;) first_piece_[area_of_[k]] = static_cast<uint32_t>(k);
    for (size_t of = areas; of-- > 0;)
        if (first_piece_[of] > first_piece_[of + 1]) first_piece_[of] = first_piece_[of + 1];
    for (size_t of = 0; of < areas; ++of)
        if (first_piece_[of] == first_piece_[of + 1]) throw std::invalid_argument("area: one has no pieces");
    if (std::find(closed.begin(), closed.end(), false) != closed.end()) throw std::invalid_argument("closing: one has no other pieces");
    nb::gil_scoped_release release;
    build_blocks();
    build_cells();
}

void Areas::build_blocks() {
    for (size_t of = 0; of < areas_; ++of) {
        first_group_.push_back(static_cast<uint32_t>(groups_.size()));
        const size_t first_block = blocks_.size();
        Vec sum{0, 0, 0};
        for (uint32_t k = first_piece_[of]; k < first_piece_[of + 1]; ++k) sum = sum + norm(b_[k] - a_[k]) * (a_[k] + b_[k]);
        // The far side, a little off the axis: the way from there to the area's middle must not be half a great circle.
        const Vec far = (-1.0 / std::max(norm(sum), 1.0)) * sum;
        const Vec aside = std::abs(far.z) < 0.9 ? cross(far, {0, 0, 1}) : cross(far, {1, 0, 0});
        outside_.push_back(far + 0.3 * aside);
        for (uint32_t k = first_piece_[of]; k < first_piece_[of + 1]; k += kBlock) {
            Block block{{0, 0, 0}, 0, k, std::min(k + kBlock, first_piece_[of + 1])};
            for (uint32_t j = k; j < block.last; ++j) block.middle = block.middle + (0.5 / (block.last - k)) * (a_[j] + b_[j]);
            for (uint32_t j = k; j < block.last; ++j) block.radius = std::max({block.radius, norm(a_[j] - block.middle), norm(b_[j] - block.middle)});
            blocks_.push_back(block);
        }
        for (size_t k = first_block; k < blocks_.size(); k += kBlock) {
            Block group{{0, 0, 0}, 0, static_cast<uint32_t>(k), static_cast<uint32_t>(std::min(k + kBlock, blocks_.size()))};
            for (uint32_t j = group.first; j < group.last; ++j) group.middle = group.middle + (1.0 / (group.last - k)) * blocks_[j].middle;
            for (uint32_t j = group.first; j < group.last; ++j) group.radius = std::max(group.radius, norm(blocks_[j].middle - group.middle) + blocks_[j].radius);
            groups_.push_back(group);
        }
    }
    first_group_.push_back(static_cast<uint32_t>(groups_.size()));
}

Vec Areas::direction_of(int face, Point p) {
    const double sign = face % 2 ? -1.0 : 1.0;
    const int axis = face / 2;
    return axis == 0 ? Vec{sign, p.u, p.v} : axis == 1 ? Vec{p.v, sign, p.u} : Vec{p.u, p.v, sign};
}

// By the number of pieces between the point and one outside. Looks at all of them.
bool Areas::inside_by_pieces(uint32_t area, Vec p) const {
    const Vec from = outside_[area], m = cross(from, p);
    bool inside = false;
    for (uint32_t k = first_piece_[area]; k < first_piece_[area + 1]; ++k) {
        if ((dot(m, a_[k]) >= 0) == (dot(m, b_[k]) >= 0)) continue;
        Vec x = cross(m, cross(a_[k], b_[k]));
        if (dot(x, a_[k]) < 0) x = -1.0 * x;
        if (dot(cross(from, x), m) > 0 && dot(cross(x, p), m) > 0) inside = !inside;
    }
    return inside;
}

// Find the cells of a face that an area touches or fills, beginning with those on its border: from the middle of one cell to
// that of the next, each piece between turns inside to outside.
void Areas::flood(uint32_t area, int face, Border& border, Found& found) {
    std::sort(border.begin(), border.end());
    std::unordered_map<int64_t, std::pair<size_t, size_t>> edges;
    for (size_t k = 0; k < border.size(); ++k) {
        const auto [at, fresh] = edges.try_emplace(border[k].first, k, k);
        at->second.second = k + 1;
    }
    std::unordered_map<int64_t, bool> known;
    std::deque<Cell> queue;
    const auto turns = [&](const Cell& c, const Cell& d) {
        std::vector<uint32_t> between;
        for (const Cell& cell : {c, d})
            if (const auto at = edges.find(cell.key()); at != edges.end())
                for (size_t k = at->second.first; k < at->second.second; ++k) between.push_back(border[k].second);
        std::sort(between.begin(), between.end());
        between.erase(std::unique(between.begin(), between.end()), between.end());
        bool odd = false;
        for (const uint32_t e : between) odd ^= cross_each_other(middle_of(c), middle_of(d), edges_[e].a, edges_[e].b);
        return odd;
    };
    for (size_t k = 0; k < border.size(); ++k) {
        if (known.count(border[k].first)) continue;
        const auto key = static_cast<int>(border[k].first % (kCells * kCells));
        const Cell start{face, key % kCells, key / kCells};
        known[start.key()] = inside_by_pieces(area, direction_of(face, middle_of(start)));
        for (queue.push_back(start); !queue.empty(); queue.pop_front()) {
            const Cell c = queue.front();
            const bool inside = known[c.key()];
            const auto at = edges.find(c.key());
            if (at != edges.end()) {
                found.emplace_back(c.key(), Entry{area, static_cast<uint32_t>(cell_edges_.size()), static_cast<uint32_t>(at->second.second - at->second.first), inside});
                for (size_t j = at->second.first; j < at->second.second; ++j) cell_edges_.push_back(border[j].second);
            } else {
                found.emplace_back(c.key(), Entry{area, 0, 0, true});
            }
            for (const auto [dx, dy] : {std::pair{-1, 0}, {1, 0}, {0, -1}, {0, 1}}) {
                const Cell d{face, c.x + dx, c.y + dy};
                if (d.x < 0 || d.y < 0 || d.x >= kCells || d.y >= kCells || known.count(d.key())) continue;
                const bool there = inside ^ turns(c, d);
                if (!there && !edges.count(d.key())) continue;
                known[d.key()] = there;
                queue.push_back(d);
            }
        }
    }
}

void Areas::build_cells() {
    Found found;
    for (uint32_t area = 0; area < areas_; ++area)
        for (int face = 0; face < 6; ++face) {
            Border border;
            for (uint32_t k = first_piece_[area]; k < first_piece_[area + 1]; ++k) {
                Edge e{{0, 0}, {0, 0}, k};
                if (!on_face(face, a_[k], e.a) || !on_face(face, b_[k], e.b)) continue;
                const size_t before = border.size();
                cells_along(face, e.a, e.b, [&](const Cell& c) { border.emplace_back(c.key(), static_cast<uint32_t>(edges_.size())); });
                if (border.size() > before) edges_.push_back(e);
            }
            if (!border.empty()) {
                flood(area, face, border, found);
            } else if (inside_by_pieces(area, direction_of(face, {0, 0}))) {
                for (int y = 0; y < kCells; ++y)
                    for (int x = 0; x < kCells; ++x) found.emplace_back(Cell{face, x, y}.key(), Entry{area, 0, 0, true});
            }
        }
    first_entry_.assign(6 * kCells * kCells + 1, 0);
    for (const auto& [key, entry] : found) ++first_entry_[static_cast<size_t>(key) + 1];
    for (size_t k = 1; k < first_entry_.size(); ++k) first_entry_[k] += first_entry_[k - 1];
    std::vector<uint32_t> next(first_entry_.begin(), first_entry_.end() - 1);
    entries_.resize(found.size());
    for (const auto& [key, entry] : found) entries_[next[static_cast<size_t>(key)]++] = entry;  // areas ascend in each cell
}

std::pair<const Areas::Entry*, const Areas::Entry*> Areas::entries_of(const Cell& c) const {
    const auto key = static_cast<size_t>(c.key());
    return {entries_.data() + first_entry_[key], entries_.data() + first_entry_[key + 1]};
}

bool Areas::inside_entry(const Entry& e, const Cell& c, Point p) const {
    bool inside = e.middle_inside;
    const Point middle = middle_of(c);
    for (uint32_t k = e.first; k < e.first + e.count; ++k) {
        const Edge& edge = edges_[cell_edges_[k]];
        if (distance_in_plane(p, edge.a, edge.b) < kOnBoundary) return true;
        inside ^= cross_each_other(middle, p, edge.a, edge.b);
    }
    return inside;
}

void Areas::locate(Vec p, std::vector<uint32_t>& found) const {
    found.clear();
    const int face = face_of(p);
    Point at;
    on_face(face, p, at);
    const Cell c = cell_of(face, at);
    const auto [first, last] = entries_of(c);
    for (const Entry* e = first; e < last; ++e)
        if (inside_entry(*e, c, at)) found.push_back(e->area);
}

void Areas::crossings(Vec from, Vec to, std::vector<Crossing>& found) const {
    found.clear();
    const int own = face_of(from);
    const bool one = own == face_of(to);
    for (int face = one ? own : 0; face < (one ? own + 1 : 6); ++face) {
        Point a, b;
        if (!on_face(face, from, a) || !on_face(face, to, b)) continue;
        const int axis = face / 2;
        const double wa = std::abs(component(from, axis)), wb = std::abs(component(to, axis));
        cells_along(face, a, b, [&](const Cell& c) {
            const auto [first, last] = entries_of(c);
            for (const Entry* e = first; e < last; ++e)
                for (uint32_t k = e->first; k < e->first + e->count; ++k) {
                    const Edge& edge = edges_[cell_edges_[k]];
                    if (!cross_each_other(a, b, edge.a, edge.b)) continue;
                    const double before = orient(edge.a, edge.b, a), after = orient(edge.a, edge.b, b);
                    const double s = before / (before - after);  // along the line in the plane; the chord runs unevenly over it
                    found.push_back({e->area, edge.piece, s * wa / (s * wa + (1.0 - s) * wb)});
                }
        });
    }
    std::sort(found.begin(), found.end(), [](const Crossing& p, const Crossing& q) { return std::tie(p.area, p.piece) < std::tie(q.area, q.piece); });
    found.erase(std::unique(found.begin(), found.end(), [](const Crossing& p, const Crossing& q) { return p.area == q.area && p.piece == q.piece; }), found.end());
    std::sort(found.begin(), found.end(), [](const Crossing& p, const Crossing& q) { return std::tie(p.area, p.share) < std::tie(q.area, q.share); });
}

double Areas::distance_to_piece(uint32_t piece, Vec p) const {
    return open_[piece] ? std::numeric_limits<double>::infinity() : from_line(p, a_[piece], b_[piece]);
}

double Areas::distance(uint32_t area, Vec p, uint32_t& piece) const {
    piece = std::clamp(piece, first_piece_[area], first_piece_[area + 1] - 1);
    double best = distance_to_piece(piece, p);
    const auto beyond = [&](const Block& block) {
        const Vec d = p - block.middle;
        return dot(d, d) >= (best + block.radius) * (best + block.radius);
    };
    for (uint32_t g = first_group_[area]; g < first_group_[area + 1]; ++g) {
        if (beyond(groups_[g])) continue;
        for (uint32_t b = groups_[g].first; b < groups_[g].last; ++b) {
            if (beyond(blocks_[b])) continue;
            for (uint32_t k = blocks_[b].first; k < blocks_[b].last; ++k)
                if (const double d = distance_to_piece(k, p); d < best) best = d, piece = k;
        }
    }
    return best;
}

nb::tuple Areas::inside(In<double> latitude, In<double> longitude) const {
    const size_t n = latitude.shape(0);
    require_size(longitude, n, "longitude");
    std::vector<int64_t> point;
    std::vector<uint32_t> area, here;
    {
        nb::gil_scoped_release release;
        for (size_t k = 0; k < n; ++k) {
            locate(surface(latitude.data()[k], longitude.data()[k]), here);
            for (const uint32_t of : here) point.push_back(static_cast<int64_t>(k)), area.push_back(of);
        }
    }
    return nb::make_tuple(to_numpy(std::move(point)), to_numpy(std::move(area)));
}

nb::tuple Areas::nearest(In<double> latitude, In<double> longitude, In<uint32_t> area) const {
    const size_t n = latitude.shape(0);
    require_size(longitude, n, "longitude");
    require_size(area, n, "area");
    std::vector<double> far(n), x(n), y(n), z(n);
    for (size_t k = 0; k < n; ++k) {
        if (area.data()[k] >= areas_) throw std::out_of_range("area: beyond the areas");
        const Vec p = surface(latitude.data()[k], longitude.data()[k]);
        uint32_t piece = 0;
        far[k] = distance(area.data()[k], p, piece);
        const Vec d = b_[piece] - a_[piece];
        const double length2 = dot(d, d), s = length2 > 0 ? std::clamp(dot(p - a_[piece], d) / length2, 0.0, 1.0) : 0.0;
        const Vec q = a_[piece] + s * d;
        x[k] = q.x, y[k] = q.y, z[k] = q.z;
    }
    return nb::make_tuple(to_numpy(std::move(far)), to_numpy(std::move(x)), to_numpy(std::move(y)), to_numpy(std::move(z)));
}

}  // namespace overflight
