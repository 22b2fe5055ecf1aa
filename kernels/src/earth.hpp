// WGS84 (NIMA TR8350.2): points of the ellipsoid's surface as Earth-centred, Earth-fixed coordinates.
#pragma once

#include <cmath>

namespace overflight {

constexpr double kSemiMajor = 6378137.0;
constexpr double kFlattening = 1.0 / 298.257223563;
constexpr double kE2 = kFlattening * (2.0 - kFlattening);  // first eccentricity squared
constexpr double kRadians = 0.017453292519943295;

struct Vec {
    double x, y, z;
};

inline Vec operator+(Vec a, Vec b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
inline Vec operator-(Vec a, Vec b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
inline Vec operator*(double s, Vec a) { return {s * a.x, s * a.y, s * a.z}; }
inline double dot(Vec a, Vec b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline double norm(Vec a) { return std::sqrt(dot(a, a)); }

// Point at ellipsoid height 0, in metres.
inline Vec surface(double latitude_deg, double longitude_deg) {
    const double phi = latitude_deg * kRadians, lambda = longitude_deg * kRadians;
    const double s = std::sin(phi), c = std::cos(phi);
    const double n = kSemiMajor / std::sqrt(1.0 - kE2 * s * s);
    return {n * c * std::cos(lambda), n * c * std::sin(lambda), n * (1.0 - kE2) * s};
}

// Outward normal of the ellipsoid near a surface point (gradient of x²/a² + y²/a² + z²/b²), of unit length.
inline Vec up(Vec p) {
    const Vec g{p.x, p.y, p.z / (1.0 - kE2)};
    return (1.0 / norm(g)) * g;
}

}  // namespace overflight
