-- Ten questions that an analyst asks first, in DuckDB (1.4 or newer), of two files:
--
--   overflight convert RECORDING positions.parquet
--   overflight check RECORDING --net separation --net conflict --out events.parquet
--   duckdb < examples/questions.sql
--
-- Times are UTC. An event is what the summary of the check calls one; what is not here was not found in what could be tested.

SET TimeZone = 'UTC';
CREATE OR REPLACE VIEW positions AS SELECT * FROM read_parquet('positions.parquet');
CREATE OR REPLACE VIEW events AS SELECT * FROM read_parquet('events.parquet');

-- 1. What was found, and how sure is it?
SELECT kind, verdict, count(*) AS events FROM events GROUP BY ALL ORDER BY ALL;

-- 2. Which losses of separation were the gravest? The severity is the share of the minimum that was left.
SELECT "time", track_a, track_b, round(horizontal_nm, 2) AS nm, round(vertical_ft) AS ft, round(severity, 2) AS severity, verdict
FROM events WHERE kind = 'separation' ORDER BY severity, "time" LIMIT 10;

-- 3. When does most happen, measured by how many fly?
WITH flying AS (SELECT date_trunc('hour', timestamp) AS hour, count(DISTINCT track_id) AS tracks FROM positions GROUP BY hour),
     found AS (SELECT date_trunc('hour', start) AS hour, count(*) AS events FROM events GROUP BY hour)
SELECT hour, tracks, coalesce(events, 0) AS events, round(100.0 * coalesce(events, 0) / tracks, 1) AS events_per_100_tracks
FROM flying LEFT JOIN found USING (hour) ORDER BY hour;

-- 4. Who is in most of them?
SELECT track, any_value(callsign) AS callsign, count(DISTINCT id) AS events
FROM (SELECT id, unnest([track_a, track_b]) AS track FROM events)
LEFT JOIN (SELECT track_id AS track, last(callsign) AS callsign FROM positions WHERE callsign IS NOT NULL GROUP BY track_id) USING (track)
WHERE track IS NOT NULL GROUP BY track ORDER BY events DESC, track LIMIT 10;

-- 5. Where do they come together? Cells of half a degree.
SELECT floor(latitude * 2) / 2 AS south, floor(longitude * 2) / 2 AS west, count(*) AS events
FROM events WHERE latitude IS NOT NULL GROUP BY ALL ORDER BY events DESC, south, west LIMIT 10;

-- 6. Which airspace was entered, how deep and for how long?
SELECT volume, count(*) AS entries, round(max(depth_m) / 1852, 2) AS deepest_nm, round(sum(duration_s) / 60) AS minutes
FROM events WHERE kind IN ('incursion', 'hazard') GROUP BY volume ORDER BY entries DESC, volume;

-- 7. How long before a loss was it seen ahead, and which losses came without?
SELECT loss.start, loss.track_a, loss.track_b, date_diff('second', min(ahead.start), loss.start) AS seconds_before
FROM events AS loss LEFT JOIN events AS ahead
  ON ahead.kind = 'conflict' AND ahead.track_a = loss.track_a AND ahead.track_b = loss.track_b
 AND ahead.start <= loss.start AND ahead."end" >= loss.start - INTERVAL 2 MINUTE
WHERE loss.kind = 'separation' GROUP BY loss.id, loss.start, loss.track_a, loss.track_b ORDER BY loss.start, loss.track_a LIMIT 20;

-- 8. How long do they last?
SELECT kind, count(*) AS events, quantile_cont(duration_s, [0.5, 0.95]) AS median_and_95_percent_s FROM events GROUP BY kind ORDER BY kind;

-- 9. What could not be judged: who says no altitude, and whose reports are far apart?
SELECT source, count(*) AS reports, round(100.0 * count(*) FILTER (altitude IS NULL) / count(*), 1) AS percent_without_altitude,
       round(100.0 * count(*) FILTER (gap_s > 60) / count(*), 2) AS percent_after_more_than_60_s
FROM (SELECT source, altitude, date_diff('second', lag(timestamp) OVER (PARTITION BY track_id ORDER BY timestamp), timestamp) AS gap_s FROM positions)
GROUP BY source ORDER BY reports DESC;

-- 10. Who else was near the gravest event when it happened? Great-circle distances.
WITH gravest AS (SELECT * FROM events WHERE latitude IS NOT NULL ORDER BY severity NULLS LAST, start LIMIT 1)
SELECT DISTINCT ON (p.track_id) p.track_id, p.callsign, p.altitude, round(2 * 3440.065 * asin(sqrt(
         sin(radians(p.latitude - g.latitude) / 2) ** 2
         + cos(radians(p.latitude)) * cos(radians(g.latitude)) * sin(radians(p.longitude - g.longitude) / 2) ** 2)), 1) AS nm
FROM positions AS p, gravest AS g
WHERE p.timestamp BETWEEN g."time" - INTERVAL 30 SECOND AND g."time" + INTERVAL 30 SECOND AND p.track_id NOT IN (g.track_a, coalesce(g.track_b, ''))
  AND abs(p.latitude - g.latitude) < 1
ORDER BY p.track_id, p.timestamp;
