-- One query a line. Trino's answers are in answers.json: python -m laptop.trino record
-- Strings
SELECT length('Straße'), length('😀'), length('')
SELECT upper('straße'), lower('ÄÖÜ'), upper('éa'), lower('İ')
SELECT upper(s), lower(s) FROM numbers ORDER BY k
SELECT reverse('abc'), reverse('a😀b'), reverse('')
SELECT substr('bitcoin', 1), substr('bitcoin', 3, 2), substr('bitcoin', 0), substr('bitcoin', -3), substr('bitcoin', -3, 2), substr('bitcoin', -9)
SELECT substr('bitcoin', 8), substr('bitcoin', 7, 5), substr('bitcoin', 2, 0), substr('bitcoin', 2, -1)
SELECT substring('bitcoin' FROM 2 FOR 3), substring('bitcoin' FROM 4), substring('😀ab', 2)
SELECT substr(s, k) FROM numbers ORDER BY k
SELECT strpos('bitcoin', 'coin'), strpos('bitcoin', 'x'), strpos('bitcoin', ''), strpos('', 'a'), position('c' IN 'abc')
SELECT split_part('a-b-c', '-', 1), split_part('a-b-c', '-', 3), split_part('a-b-c', '-', 4), split_part('', '-', 1)
SELECT split_part('a-b', '-', 0)
SELECT split_part('a-b', '-', -1)
SELECT split('a,b,,c', ','), split('', ','), split('abc', 'x')
SELECT split(s, ',') FROM numbers ORDER BY k
SELECT replace('banana', 'an', 'o'), replace('banana', 'a'), replace('abc', 'x', 'y'), replace('aaa', 'aa', 'b')
SELECT trim('  a b  '), ltrim('  a'), rtrim('a  '), trim(BOTH 'x' FROM 'xxaxx'), trim(LEADING 'ab' FROM 'abac'), trim(TRAILING 'c' FROM 'acc')
SELECT lpad('7', 3, '0'), rpad('7', 3, 'xy'), lpad('abcdef', 3, '0'), lpad('a', 0, 'x')
SELECT lpad('a', -1, 'x')
SELECT concat('a', 'b', 'c'), 'a' || 'b' || 'c', concat_ws('-', 'a', NULL, 'c'), concat_ws('-', 'a')
SELECT concat('a')
SELECT 'a' || 1
SELECT s || '!' FROM numbers ORDER BY k
SELECT starts_with('bitcoin', 'bit'), starts_with('bitcoin', 'coin'), starts_with('', '')
SELECT chr(65), chr(128512), codepoint('A'), codepoint('é')
SELECT to_hex(to_utf8('aé')), to_base64(to_utf8('abc')), length(to_utf8('é')), to_hex(md5(to_utf8('a')))
SELECT to_utf8('ab'), from_hex('6162'), to_hex(sha256(to_utf8('')))
SELECT 'a' < 'b', 'a' < 'B', 'é' > 'z', '' < 'a', 'a' = 'a '
SELECT s FROM numbers WHERE s LIKE 'a%' ORDER BY s
SELECT s FROM numbers WHERE s LIKE '%_😀' OR s LIKE '' ORDER BY s
SELECT 'a%b' LIKE 'a\%b', 'a%b' LIKE 'a!%b' ESCAPE '!', 'axb' LIKE 'a!%b' ESCAPE '!', 'A' LIKE 'a', 'abc' LIKE 'a_c'
SELECT 1 LIKE '1'
SELECT length(NULL), upper(NULL), NULL || 'a'
SELECT length(1)
SELECT nosuch('a')
SELECT len('abc')
SELECT levenshtein_distance('kitten', 'sitting'), hamming_distance('abc', 'abd')
SELECT translate('abcd', 'ab', 'x'), soundex('Robert')
SELECT 'it''s', U&'\00e9\+01F600', ''
SELECT format('%s has %d rows, %.2f %%', 'gold', 5, 2.345), format('%s %s', true, DATE '2024-01-01'), format('%s', NULL)
SELECT format('%.2f', 0.125), format('%.0f', 2.5), format('%.1f', 1e10), format('%.3f', -0.0005), format('%s', 1e7)
SELECT format('%d', 1.5)
SELECT format('%s')
SELECT format('%,d', 1234567), format('%05d', 42)
SELECT typeof('abc'), typeof('abc' || 'd'), typeof(upper('abc')), typeof(1), typeof(1.5), typeof(DECIMAL '1.50'), typeof(NULL)
-- Regular expressions
SELECT regexp_like('bitcoin', 'coin'), regexp_like('bitcoin', '^coin'), regexp_like('a1', '\d'), regexp_like('é', '^.$')
SELECT regexp_extract('a12b3', '\d+'), regexp_extract('abc', '\d+'), regexp_extract('a12b3', '([a-z])(\d+)', 2)
SELECT regexp_extract('abc', '(a)', 2)
SELECT regexp_replace('a1b2', '\d', '<$0>'), regexp_replace('a1b2', '\d'), regexp_replace('ab', '(a)(b)', '$2$1')
SELECT regexp_extract_all('a1b22', '\d+'), regexp_split('a1b2c', '\d'), regexp_count('a1b2', '\d'), regexp_position('abc', 'c')
SELECT regexp_like('abc', '(')
-- Numbers
SELECT 1, -1, 2147483647, 2147483648, -2147483648, 9223372036854775807, 1.5, .5, 1e3, 1E-7, 0.1
SELECT 9223372036854775808
SELECT 7 / 2, -7 / 2, 7 % 2, -7 % 2, 7 % -2, 7 / 2.0, 7 / 2e0, 1 / 3e0
SELECT 1 / 0
SELECT 1 % 0
SELECT k / (k - 1) FROM numbers WHERE k = 1
SELECT 1e0 / 0, -1e0 / 0, 0e0 / 0, 5e0 % 0
SELECT 9007199254740993 / 1, 9007199254740993 * 1, 9007199254740993 % 10
SELECT 2147483647 + 1
SELECT i + 1 FROM numbers WHERE k = 5
SELECT b + 1 FROM numbers WHERE k = 5
SELECT b - 1 FROM numbers WHERE k = 6
SELECT i * 2 FROM numbers WHERE k = 5
SELECT -i FROM numbers WHERE k = 6
SELECT abs(b) FROM numbers WHERE k = 6
SELECT abs(-5), abs(-2.5), abs(DECIMAL '-1.50'), sign(-3), sign(0), sign(-2.5), sign(x) FROM numbers WHERE k <= 3 ORDER BY k
SELECT round(2.5), round(-2.5), round(3.5), round(0.49999999999999994), round(2.345, 2), round(-1.005, 2), round(7), round(1234.5, -2)
SELECT floor(-1.5), ceil(-1.5), ceiling(1.2), truncate(-1.7), floor(3), ceil(3)
SELECT round(y), floor(y), ceil(y), truncate(y) FROM numbers ORDER BY k
SELECT round(x), floor(x), abs(x) FROM numbers ORDER BY k
SELECT mod(7, 3), mod(-7, 3), mod(7.5, 2), power(2, 10), pow(2, 0.5), sqrt(2), sqrt(-1), cbrt(27), exp(0), ln(1), ln(0), log2(8), log10(1000), log(2, 8)
SELECT pi(), e(), degrees(pi()), radians(180), sin(0), cos(0), tan(0), asin(1), acos(1), atan(1), atan2(1, 1)
SELECT nan(), infinity(), is_nan(nan()), is_finite(1e0), is_infinite(infinity()), is_nan(1e0)
SELECT greatest(1, 2, 3), least(1, 2.5), greatest('a', 'b'), greatest(1, NULL), least(DATE '2024-01-01', DATE '2023-01-01')
SELECT greatest(nan(), 1e0), least(nan(), 1e0)
SELECT bitwise_and(6, 3), bitwise_or(6, 3), bitwise_xor(6, 3), bitwise_not(0), bit_count(7, 64)
SELECT width_bucket(5.0, 0, 10, 5), to_base(255, 16), from_base('ff', 16)
SELECT 1 + '1'
SELECT -'a'
SELECT 1000000 * 1000000
SELECT CAST(1000000 AS bigint) * 1000000, 3000000000 * 2
SELECT y * 2, y + i, i * y, y - k FROM numbers ORDER BY k
SELECT 12345678.9, 1e7, 9999999.0, 1e-3, 0.00099, 100.0, 1e22, 123456789012345680.0, -0.0
SELECT 0.1 + 0.2, 1.1 * 1.1, 1e308 * 10
-- NaN, infinity and NULL in comparisons
SELECT nan() = nan(), nan() <> nan(), nan() > 1e0, nan() < 1e0, 1e0 < nan(), 1e0 <= nan(), nan() >= nan()
SELECT k FROM numbers WHERE x > 1 ORDER BY k
SELECT k FROM numbers WHERE x >= 1.5 ORDER BY k
SELECT k FROM numbers WHERE x < 2 ORDER BY k
SELECT k FROM numbers WHERE x = x ORDER BY k
SELECT k FROM numbers WHERE x <> 1.5 ORDER BY k
SELECT k FROM numbers WHERE NOT (x > 1) ORDER BY k
SELECT k FROM numbers WHERE x BETWEEN -1 AND 2 ORDER BY k
SELECT k FROM numbers WHERE x IN (1.5, 0.0) ORDER BY k
SELECT k FROM numbers WHERE x NOT IN (1.5) ORDER BY k
SELECT k, x FROM numbers ORDER BY x, k
SELECT k, x FROM numbers ORDER BY x DESC, k
SELECT max(x), min(x), count(x), sum(y), max(y) FROM numbers
SELECT max(x), min(x) FROM numbers WHERE k = 2
SELECT x, count(*) FROM numbers GROUP BY x ORDER BY x
SELECT DISTINCT x FROM numbers ORDER BY x
SELECT 0e0 = -0e0, -0e0 < 0e0, 0 = -0
SELECT NULL = NULL, NULL IS NULL, 1 = NULL, NULL AND false, NULL OR true, NOT NULL
SELECT 1 IS DISTINCT FROM NULL, NULL IS DISTINCT FROM NULL, 1 IS NOT DISTINCT FROM 1, nan() IS DISTINCT FROM nan()
SELECT k FROM numbers WHERE b IN (10, NULL) ORDER BY k
SELECT k FROM numbers WHERE b NOT IN (10, NULL) ORDER BY k
SELECT k FROM numbers WHERE t ORDER BY k
SELECT k FROM numbers WHERE t IS NULL ORDER BY k
SELECT k FROM numbers WHERE NOT t ORDER BY k
SELECT coalesce(b, -1), nullif(i, 7), if(t, 'yes', 'no'), if(t, 1) FROM numbers ORDER BY k
SELECT CASE WHEN i > 0 THEN 'plus' WHEN i < 0 THEN 'minus' ELSE 'zero or null' END, CASE i WHEN 7 THEN 1 WHEN 0 THEN 2 END FROM numbers ORDER BY k
SELECT coalesce(1, 'a')
SELECT coalesce(NULL, 1), coalesce(1, 2.5), coalesce(NULL, NULL)
SELECT coalesce(1)
SELECT CASE WHEN true THEN 1 ELSE 'a' END
SELECT if(1, 2, 3)
SELECT k FROM numbers WHERE i
SELECT 1 = 'a'
SELECT 1 = true
SELECT DATE '2024-01-01' = '2024-01-01'
SELECT k FROM numbers WHERE s = 1
-- Decimals
SELECT DECIMAL '1.10' + DECIMAL '2.255', DECIMAL '1.10' - DECIMAL '2.255', DECIMAL '1.10' * DECIMAL '2.5', -DECIMAL '1.10'
SELECT DECIMAL '1.00' / DECIMAL '3.00', DECIMAL '7.5' % DECIMAL '2'
SELECT d, d + 1, d * 2, d + d, d - DECIMAL '0.001' FROM numbers ORDER BY k
SELECT d / 3, d % 2 FROM numbers ORDER BY k
SELECT d * y, d + 1.5, d > 2, d = 1.1 FROM numbers ORDER BY k
SELECT sum(d), min(d), max(d), count(d) FROM numbers
SELECT avg(d) FROM numbers
SELECT round(d, 1), round(d), floor(d), ceil(d), abs(d) FROM numbers ORDER BY k
SELECT CAST(d AS integer), CAST(d AS double), CAST(d AS varchar), CAST(d AS decimal(12,4)) FROM numbers WHERE k <> 5 ORDER BY k
SELECT CAST(2.5 AS decimal(2,0)), CAST(DECIMAL '2.55' AS decimal(3,1)), CAST(DECIMAL '-2.55' AS decimal(3,1))
SELECT CAST(DECIMAL '123.45' AS decimal(4,2))
SELECT CAST('1.255' AS decimal(5,2)), CAST('abc' AS decimal(5,2))
SELECT DECIMAL '00012.3400', DECIMAL '.5', DECIMAL '5.'
SELECT DECIMAL '1.1' = DECIMAL '1.10', DECIMAL '1.1' < 2, DECIMAL '1.1' = 1.1
-- Dates, times and intervals
SELECT DATE '2024-02-29', DATE '0001-01-01', DATE '1969-12-31', TIMESTAMP '2024-02-29 12:34:56.789', TIMESTAMP '2024-02-29 00:00:00', TIMESTAMP '2024-02-29'
SELECT DATE '2023-02-29'
SELECT TIMESTAMP '2024-01-01 25:00:00'
SELECT TIMESTAMP '2024-01-01 10:00:00 UTC', TIMESTAMP '2024-01-01 10:00:00 Europe/Berlin'
SELECT DATE '2024-01-31' + INTERVAL '1' MONTH, DATE '2024-02-29' + INTERVAL '1' YEAR, DATE '2024-03-01' - INTERVAL '1' DAY, INTERVAL '2' DAY + DATE '2024-01-01'
SELECT DATE '2024-01-01' + INTERVAL '1' HOUR
SELECT TIMESTAMP '2024-01-31 23:00:00' + INTERVAL '2' HOUR, TIMESTAMP '2024-01-31 23:00:00' + INTERVAL '1' MONTH, TIMESTAMP '2024-03-31 00:00:00' - INTERVAL '1' MONTH
SELECT DATE '2024-01-01' + 1
SELECT DATE '2024-03-01' - DATE '2024-02-28', TIMESTAMP '2024-03-01 00:00:00' - TIMESTAMP '2024-02-28 12:00:00.5'
SELECT TIMESTAMP '2024-02-28 12:00:00' - TIMESTAMP '2024-03-01 00:00:00', INTERVAL '90' MINUTE, INTERVAL '-1' DAY, INTERVAL '14' MONTH
SELECT date_add('day', 1, DATE '2024-02-28'), date_add('month', 1, DATE '2024-01-31'), date_add('year', -1, DATE '2024-02-29'), date_add('week', 2, DATE '2024-01-01'), date_add('quarter', 1, DATE '2023-11-30')
SELECT date_add('hour', 25, TIMESTAMP '2024-02-28 23:30:00'), date_add('minute', -90, TIMESTAMP '2024-01-01 00:00:00'), date_add('second', 86, TIMESTAMP '2020-03-01 00:00:00'), date_add('millisecond', 5, TIMESTAMP '2020-03-01 00:00:00')
SELECT date_add('hour', 1, DATE '2024-01-01')
SELECT date_add('nosuch', 1, DATE '2024-01-01')
SELECT date_diff('minute', TIMESTAMP '2024-01-01 00:00:59', TIMESTAMP '2024-01-01 02:00:00'), date_diff('hour', TIMESTAMP '2024-01-01 00:59:00', TIMESTAMP '2024-01-01 02:00:00'), date_diff('second', TIMESTAMP '2024-01-01 00:00:00.900', TIMESTAMP '2024-01-01 00:00:02.100')
SELECT date_diff('day', TIMESTAMP '2024-03-01 23:00:00', TIMESTAMP '2024-03-02 01:00:00'), date_diff('day', DATE '2024-03-01', DATE '2024-02-28'), date_diff('week', DATE '2024-03-01', DATE '2024-03-14'), date_diff('week', DATE '2024-03-14', DATE '2024-03-01')
SELECT date_diff('month', DATE '2024-01-31', DATE '2024-02-29'), date_diff('month', DATE '2024-01-30', DATE '2024-02-29'), date_diff('month', DATE '2024-01-15', DATE '2024-03-14'), date_diff('month', DATE '2024-03-31', DATE '2024-02-29'), date_diff('month', DATE '2024-02-29', DATE '2024-01-31')
SELECT date_diff('year', DATE '2020-02-29', DATE '2021-02-28'), date_diff('year', DATE '2019-12-31', DATE '2020-01-01'), date_diff('quarter', DATE '2024-01-31', DATE '2024-04-30'), date_diff('year', DATE '2021-02-28', DATE '2020-02-29')
SELECT date_diff('month', TIMESTAMP '2024-01-31 10:00:00', TIMESTAMP '2024-02-29 09:00:00'), date_diff('month', TIMESTAMP '2024-03-31 00:00:00', TIMESTAMP '2024-04-30 12:00:00'), date_diff('month', TIMESTAMP '2024-04-30 12:00:00', TIMESTAMP '2024-03-31 00:00:00')
SELECT date_diff('hour', at, TIMESTAMP '2024-03-01 00:00:00'), date_diff('day', dt, DATE '2024-03-01') FROM events ORDER BY dt, coin
SELECT date_trunc('week', DATE '2024-03-03'), date_trunc('month', DATE '2024-03-03'), date_trunc('quarter', DATE '2024-05-03'), date_trunc('year', DATE '2024-05-03'), date_trunc('day', TIMESTAMP '2024-03-03 10:11:12.345'), date_trunc('hour', TIMESTAMP '1969-12-31 10:11:12.345')
SELECT date_trunc('hour', DATE '2024-01-01')
SELECT date_trunc('second', at), date_trunc('minute', at), date_trunc('month', at) FROM events ORDER BY at
SELECT year(DATE '2024-12-30'), month(DATE '2024-12-30'), day(DATE '2024-12-30'), week(DATE '2024-12-30'), year_of_week(DATE '2024-12-30'), day_of_week(DATE '2024-12-29'), day_of_year(DATE '2024-12-31'), quarter(DATE '2024-12-30')
SELECT extract(dow FROM DATE '2024-01-07'), extract(doy FROM DATE '2024-01-07'), extract(year FROM TIMESTAMP '2024-01-07 00:00:00'), extract(week FROM DATE '2024-01-07'), EXTRACT(hour FROM TIMESTAMP '2024-01-07 13:00:00'), dow(DATE '2024-01-07'), yow(DATE '2021-01-03')
SELECT hour(at), minute(at), second(at), millisecond(at), day(at) FROM events ORDER BY dt, coin
SELECT year('2024-01-01')
SELECT extract(hour FROM DATE '2024-01-07')
SELECT last_day_of_month(DATE '2024-02-10'), last_day_of_month(TIMESTAMP '2023-02-10 10:00:00')
SELECT date_format(TIMESTAMP '2024-02-05 15:06:07.089', '%Y-%m-%d %H:%i:%s'), date_format(TIMESTAMP '2024-02-05 05:06:07.089', '%e %c %k %l %y %j %p %h %M %b %W %a %f %T %%')
SELECT date_format(DATE '2024-02-05', '%Y/%m'), date_format(at, '%Y-%m-%d') FROM events ORDER BY at
SELECT date_format(TIMESTAMP '2024-01-01 00:00:00', '%D')
SELECT date_parse('2024-02-05', '%Y-%m-%d'), date_parse('5/2/2024 15:06', '%d/%m/%Y %H:%i'), date_parse('20240205', '%Y%m%d')
SELECT date_parse('2024-13-01', '%Y-%m-%d')
SELECT date_parse('2024-02-30', '%Y-%m-%d')
SELECT date_parse('2024-02-05x', '%Y-%m-%d')
SELECT date_parse('', '%Y-%m-%d')
SELECT from_unixtime(0), from_unixtime(1.5), from_unixtime(-1), to_unixtime(TIMESTAMP '2024-01-01 00:00:00 UTC'), to_unixtime(TIMESTAMP '1969-12-31 23:59:59.5'), from_unixtime(1700000000.1234)
SELECT CAST(at AS date), CAST(dt AS timestamp), CAST(at AS varchar), CAST(dt AS varchar), at, dt FROM events ORDER BY dt, coin
SELECT DATE '2024-01-01' < TIMESTAMP '2024-01-01 00:00:01', DATE '2024-01-01' = TIMESTAMP '2024-01-01 00:00:00', TIMESTAMP '2024-01-01 00:00:00' < TIMESTAMP '2024-01-01 00:00:00 UTC'
SELECT count(*) FROM events WHERE at >= DATE '2024-01-01'
SELECT count(*) FROM events WHERE at > '2024-01-01'
SELECT date(TIMESTAMP '2024-01-01 23:00:00'), date('2024-01-01')
SELECT CAST(current_timestamp AS date) = current_date, date_diff('day', now(), current_timestamp), typeof(now()), typeof(current_date), typeof(localtimestamp)
SELECT TIMESTAMP '2024-01-01 10:00:00 UTC' AT TIME ZONE 'America/New_York', hour(TIMESTAMP '2024-07-01 10:00:00 UTC' AT TIME ZONE 'Europe/Berlin')
SELECT with_timezone(TIMESTAMP '2024-01-01 10:00:00', 'UTC'), at_timezone(TIMESTAMP '2024-01-01 10:00:00 UTC', 'Asia/Tokyo')
SELECT to_iso8601(DATE '2024-01-01'), from_iso8601_date('2024-01-01'), from_iso8601_timestamp('2024-01-01T10:00:00Z'), format_datetime(TIMESTAMP '2024-01-01 10:00:00', 'yyyy-MM-dd')
SELECT sequence(DATE '2024-01-01', DATE '2024-01-03'), TIME '10:00:00'
-- Arrays
SELECT ARRAY[1, 2, NULL], ARRAY['a', 'b'], ARRAY[1, 2.5], ARRAY[], ARRAY[ARRAY[1], ARRAY[]], ARRAY[NULL]
SELECT ARRAY[1, 'a']
SELECT ARRAY[10, 20][1], ARRAY[10, 20][2], element_at(ARRAY[10, 20], -1), element_at(ARRAY[10, 20], 3)
SELECT ARRAY[10, 20][3]
SELECT ARRAY[10, 20][0]
SELECT ARRAY[10, 20][-1]
SELECT element_at(ARRAY[10, 20], 0)
SELECT tags[1] FROM events WHERE coin = 'bitcoin' ORDER BY dt
SELECT tags[1] FROM events WHERE coin = 'ethereum'
SELECT tags[1] FROM events WHERE coin = 'café'
SELECT cardinality(tags), contains(tags, 'x'), contains(tags, 'stale'), array_join(tags, '+'), array_position(tags, 'x') FROM events ORDER BY dt, coin
SELECT ARRAY[1] || ARRAY[2, 3], ARRAY[1] || 2, 0 || ARRAY[1], ARRAY[1] || NULL, ARRAY[1] || 2.5
SELECT array_max(ARRAY[1, 3, 2]), array_min(ARRAY['b', 'a']), array_max(ARRAY[1, NULL]), array_max(ARRAY[1e0, nan()])
SELECT array_sort(ARRAY[3, NULL, 1]), array_remove(ARRAY[1, 2, 1], 1), flatten(ARRAY[ARRAY[1], ARRAY[2, 3]]), reverse(ARRAY[1, 2]), slice(ARRAY[1, 2, 3], 2, 2), slice(ARRAY[1, 2, 3], -2, 1), slice(ARRAY[1, 2, 3], 3, 5)
SELECT slice(ARRAY[1, 2], 0, 1)
SELECT array_distinct(ARRAY[2, 1, 2]), array_union(ARRAY[1], ARRAY[2]), array_intersect(ARRAY[1, 2], ARRAY[2]), array_except(ARRAY[1, 2], ARRAY[2])
SELECT arrays_overlap(ARRAY[1, 2], ARRAY[2]), arrays_overlap(ARRAY[1, NULL], ARRAY[3]), arrays_overlap(ARRAY[1], ARRAY[2]), contains(ARRAY[1, NULL], 2), contains(ARRAY[1, 2], NULL), contains(ARRAY[1.5, nan()], nan())
SELECT sequence(1, 3), sequence(3, 1), sequence(2, 2)
SELECT transform(ARRAY[1, 2], n -> n * 2), filter(ARRAY[1, NULL, 3], n -> n > 1), any_match(ARRAY[1, 2], n -> n = 2), all_match(ARRAY[1, NULL], n -> n = 1), none_match(ARRAY[1, 2], n -> n > 5)
SELECT transform(tags, tag -> upper(tag)), filter(tags, tag -> tag IS NOT NULL) FROM events ORDER BY dt, coin
SELECT k, transform(ARRAY[1, 2], n -> n + k) FROM numbers WHERE k < 3 ORDER BY k
SELECT reduce(ARRAY[1, 2, 3], 0, (s, n) -> s + n, s -> s), zip_with(ARRAY[1], ARRAY[2], (a, b) -> a + b), repeat('a', 2)
SELECT ARRAY[1, 2] = ARRAY[1, 2], ARRAY[1, NULL] = ARRAY[1, NULL]
SELECT CAST(ARRAY[1, 2] AS array(varchar)), CAST(ARRAY['1', '2'] AS array(integer)), CAST(ARRAY[] AS array(double))
SELECT coin, tag FROM events CROSS JOIN UNNEST(tags) AS u(tag) ORDER BY coin, tag
SELECT coin, tag FROM events LEFT JOIN UNNEST(tags) AS u(tag) ON true ORDER BY coin, dt, tag
SELECT n, o FROM UNNEST(ARRAY[10, 20]) WITH ORDINALITY AS u(n, o) ORDER BY o
SELECT a, b FROM UNNEST(ARRAY[1, 2], ARRAY['x']) AS u(a, b) ORDER BY a
SELECT array_agg(n) FROM (SELECT ARRAY[1, 2, 3, 4] AS ns) CROSS JOIN UNNEST(ns) AS u(n) WHERE n > 2
SELECT a, b FROM UNNEST(ARRAY[ROW(1, 'x'), ROW(2, 'y')]) AS u(a, b) ORDER BY a
SELECT n FROM UNNEST(ARRAY[1]) AS u(n, m)
SELECT n FROM UNNEST(5) AS u(n)
-- Maps and rows
SELECT MAP(ARRAY['a', 'b'], ARRAY[1, 2]), MAP(ARRAY['a'], ARRAY[1])['a'], element_at(MAP(ARRAY['a'], ARRAY[1]), 'z'), cardinality(MAP(ARRAY['a'], ARRAY[1])), map_keys(MAP(ARRAY['a'], ARRAY[1])), map_values(MAP(ARRAY['a'], ARRAY[1]))
SELECT MAP(ARRAY['a'], ARRAY[1])['z']
SELECT quotes['usd'], element_at(quotes, 'eur'), cardinality(quotes) FROM events WHERE coin = 'bitcoin' ORDER BY dt
SELECT quotes['eur'] FROM events ORDER BY dt, coin
SELECT coin, currency, quote FROM events CROSS JOIN UNNEST(quotes) AS u(currency, quote) ORDER BY 1, 2, 3
SELECT MAP(ARRAY['a', 'a'], ARRAY[1, 2])
SELECT map_agg(coin, rank), map_concat(MAP(ARRAY[1], ARRAY[2]), MAP(ARRAY[3], ARRAY[4])) FROM events WHERE dt = DATE '2024-02-28'
SELECT ROW(1, 'a'), ROW(1, 'a')[1], CAST(ROW(1, 'a') AS ROW(n integer, w varchar)).w, (1, 2)
SELECT about, about.year, about.site FROM events ORDER BY dt, coin
SELECT e.about.year FROM events e WHERE e.about.site = 'a.org' ORDER BY e.dt
SELECT about.nosuch FROM events
SELECT coin.year FROM events
SELECT ROW(1, 'a').field0
SELECT (1, 2) = (1, 2), ROW(1, NULL) = ROW(1, NULL), (coin, rank) IN (('bitcoin', 1)) FROM events ORDER BY dt, coin
-- JSON
SELECT json_extract_scalar('{"a": {"b": "x"}}', '$.a.b'), json_extract('{"a": [1, 2]}', '$.a'), json_extract_scalar('{"a": 1.50}', '$.a'), json_extract_scalar('[1]', '$.a'), json_extract_scalar('nojson', '$.a')
SELECT json_parse('{"b": 1, "a": [1, null]}'), json_format(json_parse('[1, 2]')), json_array_length('[1, 2]'), json_size('{"a": {"b": 1}}', '$.a')
SELECT CAST('a' AS json), CAST(json_parse('[1, 2]') AS array(integer)), JSON '{"a": 1}', json_value('{"a": 1}', 'lax $.a')
SELECT json_parse('nojson')
-- Conversions
SELECT CAST('7' AS integer), CAST('-7' AS bigint), CAST('+7' AS integer), CAST('1.5' AS double), CAST('1e3' AS double), CAST('.5' AS double)
SELECT CAST(' 7' AS integer)
SELECT CAST('1.5' AS integer)
SELECT CAST('abc' AS integer)
SELECT CAST('' AS integer)
SELECT CAST('2147483648' AS integer)
SELECT CAST(2147483648 AS integer)
SELECT CAST(300 AS tinyint)
SELECT CAST(2.5 AS integer), CAST(-2.5 AS integer), CAST(0.5 AS integer), CAST(1.5 AS bigint), CAST(-0.5 AS integer)
SELECT CAST(nan() AS integer)
SELECT CAST(1e10 AS integer)
SELECT CAST(1e30 AS bigint)
SELECT CAST('NaN' AS double), CAST('Infinity' AS double)
SELECT CAST('1d' AS double)
SELECT CAST('abc' AS double)
SELECT CAST('true' AS boolean), CAST('F' AS boolean), CAST('1' AS boolean), CAST(0 AS boolean), CAST(2 AS boolean), CAST(true AS integer), CAST(false AS double)
SELECT CAST('yes' AS boolean)
SELECT CAST(1.0 AS varchar), CAST(1e7 AS varchar), CAST(0.0001 AS varchar), CAST(123456789.5 AS varchar), CAST(nan() AS varchar), CAST(true AS varchar), CAST(5 AS varchar)
SELECT CAST(y AS varchar), CAST(x AS varchar) FROM numbers ORDER BY k
SELECT CAST('abcdef' AS varchar(3)), CAST('ab' AS varchar(3)), CAST(12345 AS varchar(3))
SELECT CAST('a' AS char(3)) || 'b'
SELECT CAST('2024-02-29' AS date), CAST('2024-02-29 10:00:00' AS timestamp), CAST('2024-02-29' AS timestamp), CAST('2024-02-29 10:00:00.123' AS timestamp)
SELECT CAST('2024-2-9' AS date)
SELECT CAST('2024-02-30' AS date)
SELECT CAST('29.02.2024' AS date)
SELECT CAST('2024-02-29T10:00:00' AS timestamp)
SELECT CAST(DATE '2024-02-29' AS timestamp), CAST(TIMESTAMP '2024-02-29 23:59:59.999' AS date), CAST(TIMESTAMP '1969-12-31 23:59:59' AS date)
SELECT CAST(1 AS date)
SELECT CAST(DATE '2024-01-01' AS integer)
SELECT try_cast('abc' AS integer), try_cast('7' AS integer), try_cast('2024-02-30' AS date), try_cast(300 AS tinyint)
SELECT try(1 / 0), try(CAST('x' AS integer)), try(ARRAY[1][2]), try(2147483647 + 1)
SELECT try(nosuch(1))
SELECT CAST(1 AS nosuchtype)
SELECT CAST(1.1 AS real), CAST(16777217 AS real), CAST(CAST(0.1 AS real) AS double), CAST(1e10 AS real)
SELECT 1 + 1.5, 1 + CAST(1 AS tinyint), CAST(1 AS smallint) + 1, CAST(1 AS real) + 1, typeof(CAST(1 AS tinyint) + CAST(1 AS tinyint))
-- Aggregates
SELECT count(*), count(b), count(DISTINCT coalesce(i, 0)), sum(k), avg(k), min(s), max(s) FROM numbers
SELECT count(*), sum(k), avg(k), max(k), count_if(t), array_agg(k), bool_or(t) FROM numbers WHERE k > 100
SELECT sum(b) FROM numbers
SELECT sum(i), avg(i), sum(y), avg(y) FROM numbers
SELECT count_if(t), bool_and(t), bool_or(t), every(t), arbitrary(5), any_value('a') FROM numbers
SELECT stddev(y), stddev_pop(y), var_samp(y), var_pop(y), variance(y) FROM numbers WHERE k < 3
SELECT stddev(y), variance(y), var_pop(y) FROM numbers WHERE k = 1
SELECT corr(y, k), covar_pop(y, k), covar_samp(y, k), regr_slope(y, k), regr_intercept(y, k) FROM numbers WHERE k IN (1, 2)
SELECT max_by(s, k), min_by(s, k), max_by(k, i), min_by(k, i), max_by(s, k) FILTER (WHERE k < 3) FROM numbers
SELECT max_by(k, x), min_by(k, x) FROM numbers
SELECT max_by(s, k, 2) FROM numbers
SELECT array_agg(k ORDER BY k DESC), array_agg(s ORDER BY k) FROM numbers
SELECT listagg(s, ';') WITHIN GROUP (ORDER BY k) FROM numbers
SELECT approx_distinct(k), approx_percentile(k, 0.5), approx_percentile(y, 0.5) FROM numbers
SELECT geometric_mean(k), kurtosis(y), skewness(y), checksum(k) FROM numbers
SELECT histogram(t), map_agg(k, s) FROM numbers
SELECT sum(k) FILTER (WHERE t), count(*) FILTER (WHERE b IS NULL), max(k) FILTER (WHERE k > 100) FROM numbers
SELECT t, count(*), sum(k) FROM numbers GROUP BY t ORDER BY t
SELECT t, count(*) FROM numbers GROUP BY 1 HAVING count(*) > 1 ORDER BY 1 DESC
SELECT k % 2 AS odd, sum(k) FROM numbers GROUP BY k % 2 ORDER BY odd
SELECT k % 2 + 1, count(*) FROM numbers GROUP BY k % 2 ORDER BY 1
SELECT k % 2 AS odd FROM numbers GROUP BY odd
SELECT s FROM numbers GROUP BY k
SELECT s, count(*) FROM numbers
SELECT * FROM numbers GROUP BY k
SELECT sum(sum(k)) FROM numbers
SELECT k FROM numbers WHERE sum(k) > 1
SELECT sum(k) AS total FROM numbers HAVING total > 1
SELECT sum(s) FROM numbers
SELECT count(*) FROM numbers GROUP BY 5
SELECT count(*) FROM numbers GROUP BY ()
SELECT t, k % 2, count(*) FROM numbers GROUP BY ROLLUP (t, k % 2) ORDER BY 1, 2
SELECT t, count(*), grouping(t) FROM numbers GROUP BY GROUPING SETS ((t), ()) ORDER BY 1, 2
SELECT t, count(*) FROM numbers GROUP BY ALL
SELECT DISTINCT t FROM numbers ORDER BY t
SELECT DISTINCT t FROM numbers ORDER BY k
SELECT count(DISTINCT t), sum(DISTINCT k % 2), avg(DISTINCT k % 2), count(DISTINCT x) FROM numbers
SELECT sum(k) / count(*), sum(k) * 1.0 / count(*), max(k) - min(k) FROM numbers
-- Windows
SELECT k, row_number() OVER (ORDER BY k DESC), rank() OVER (ORDER BY t), dense_rank() OVER (ORDER BY t) FROM numbers ORDER BY k
SELECT k, percent_rank() OVER (ORDER BY k), cume_dist() OVER (ORDER BY k), ntile(4) OVER (ORDER BY k) FROM numbers ORDER BY k
SELECT k, lag(k) OVER (ORDER BY k), lead(k, 2) OVER (ORDER BY k), lag(k, 1, -1) OVER (ORDER BY k), lag(k, 0) OVER (ORDER BY k) FROM numbers ORDER BY k
SELECT k, lag(k, -1) OVER (ORDER BY k) FROM numbers ORDER BY k
SELECT k, sum(k) OVER (ORDER BY k), sum(k) OVER (PARTITION BY t ORDER BY k), avg(k) OVER (ORDER BY k ROWS BETWEEN 1 PRECEDING AND CURRENT ROW), count(*) OVER () FROM numbers ORDER BY k
SELECT k, sum(k) OVER (ORDER BY t), sum(k) OVER (ORDER BY k ROWS BETWEEN 1 FOLLOWING AND 2 FOLLOWING), sum(k) OVER (ORDER BY t GROUPS 1 PRECEDING) FROM numbers ORDER BY k
SELECT k, sum(k) OVER (ORDER BY k RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM numbers ORDER BY k
SELECT k, first_value(b) OVER (ORDER BY k), last_value(b) OVER (ORDER BY k), last_value(b) IGNORE NULLS OVER (ORDER BY k), nth_value(b, 2) OVER (ORDER BY k) FROM numbers ORDER BY k
SELECT k, first_value(b) OVER (ORDER BY k), last_value(b) IGNORE NULLS OVER (ORDER BY k), lag(b) IGNORE NULLS OVER (ORDER BY k) FROM numbers ORDER BY k
SELECT k, max(x) OVER (ORDER BY k), min(x) OVER (ORDER BY k) FROM numbers ORDER BY k
SELECT k, sum(k) OVER w, max(k) OVER w FROM numbers WINDOW w AS (PARTITION BY t ORDER BY k) ORDER BY k
SELECT t, sum(count(*)) OVER (ORDER BY t), rank() OVER (ORDER BY count(*) DESC, t) FROM numbers GROUP BY t ORDER BY t
SELECT k FROM (SELECT k, row_number() OVER (PARTITION BY t ORDER BY k) AS n FROM numbers) WHERE n = 1 ORDER BY k
SELECT k FROM numbers WHERE row_number() OVER (ORDER BY k) = 1
SELECT k FROM numbers QUALIFY row_number() OVER (ORDER BY k) = 1
SELECT k, sum(k) FILTER (WHERE t) OVER (ORDER BY k) FROM numbers ORDER BY k
SELECT row_number() FROM numbers
-- Joins, subqueries and set operations
SELECT a.k, b.k FROM numbers a JOIN numbers b ON a.k = b.k + 1 ORDER BY a.k
SELECT a.k, b.coin FROM numbers a LEFT JOIN events b ON a.k = b.rank ORDER BY a.k, b.coin, b.dt
SELECT a.k, b.coin FROM events b RIGHT JOIN numbers a ON a.k = b.rank AND b.dt = DATE '2024-02-28' ORDER BY a.k, b.coin
SELECT count(*) FROM numbers a FULL JOIN events b ON a.k = b.rank
SELECT count(*) FROM numbers, events
SELECT k, a.i, b.b FROM numbers a JOIN numbers b USING (k) ORDER BY k
SELECT * FROM (SELECT k, i FROM numbers) a JOIN (SELECT k, s FROM numbers) b USING (k) ORDER BY k
SELECT a.k FROM numbers a JOIN numbers b USING (k)
SELECT k FROM numbers a JOIN numbers b ON a.k = b.k
SELECT a.k FROM numbers a JOIN events e ON a.x = e.price ORDER BY 1
SELECT a.k, b.k FROM numbers a JOIN numbers b ON a.x = b.x ORDER BY 1, 2
SELECT k FROM numbers WHERE k = (SELECT max(k) FROM numbers)
SELECT k FROM numbers WHERE k = (SELECT k FROM numbers)
SELECT (SELECT k FROM numbers WHERE k > 100), (SELECT count(*) FROM events)
SELECT k FROM numbers WHERE k IN (SELECT rank FROM events) ORDER BY k
SELECT k FROM numbers WHERE k NOT IN (SELECT rank FROM events) ORDER BY k
SELECT k FROM numbers n WHERE EXISTS (SELECT 1 FROM events WHERE rank = n.k) ORDER BY k
SELECT k, (SELECT max(coin) FROM events WHERE rank = n.k) FROM numbers n ORDER BY k
SELECT k FROM numbers WHERE k = ANY (SELECT rank FROM events) ORDER BY k
SELECT k FROM numbers WHERE k >= ALL (SELECT rank FROM events WHERE rank IS NOT NULL) ORDER BY k
SELECT k FROM numbers UNION ALL SELECT rank FROM events ORDER BY 1
SELECT k FROM numbers UNION SELECT rank FROM events ORDER BY k DESC LIMIT 2
SELECT k FROM numbers INTERSECT SELECT rank FROM events ORDER BY 1
SELECT k FROM numbers EXCEPT SELECT rank FROM events ORDER BY 1
SELECT 1 UNION ALL SELECT 2.5 UNION ALL SELECT NULL
SELECT 1 UNION SELECT 'a'
SELECT 1 UNION SELECT 1, 2
SELECT 'a' AS x UNION ALL SELECT 'abc'
WITH a AS (SELECT k FROM numbers WHERE k < 3), b AS (SELECT k * 2 AS k FROM a) SELECT a.k, b.k FROM a, b ORDER BY 1, 2
WITH a (n) AS (SELECT k FROM numbers) SELECT sum(n) FROM a
WITH a (n, m) AS (SELECT k FROM numbers) SELECT sum(n) FROM a
WITH numbers AS (SELECT 1 AS k) SELECT k FROM numbers
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT n FROM t
SELECT * FROM (VALUES (1, 'a'), (2, NULL)) AS t(n, w) ORDER BY n
VALUES (1, 'a'), (2, 'bcd')
VALUES 1, 2.5
VALUES (1), ('a')
SELECT n FROM (VALUES 3, 1, 2) AS t(n) ORDER BY n LIMIT 2
SELECT k FROM numbers ORDER BY k OFFSET 4 LIMIT 5
SELECT k FROM numbers ORDER BY k DESC FETCH FIRST 2 ROWS ONLY
SELECT t FROM numbers ORDER BY t NULLS FIRST FETCH FIRST 1 ROW WITH TIES
SELECT k FROM numbers ORDER BY 2
SELECT k FROM numbers ORDER BY nosuch
SELECT k AS n FROM numbers ORDER BY -n LIMIT 1
SELECT k, k AS n FROM numbers WHERE n = 1
SELECT b FROM numbers ORDER BY b DESC
SELECT b FROM numbers ORDER BY b ASC NULLS FIRST
SELECT k FROM numbers ORDER BY k LIMIT ALL
SELECT coin, dt FROM events WHERE dt = DATE '2024-02-29' ORDER BY coin
SELECT dt, count(*) FROM events WHERE dt BETWEEN DATE '2024-02-28' AND DATE '2024-02-28' GROUP BY dt
SELECT "$path" FROM events WHERE coin = 'café'
-- Names and syntax
SELECT K, N.S AS "Text" FROM Numbers N WHERE n.k = 1
SELECT n.*, k + 1 AS next FROM (SELECT k FROM numbers) n ORDER BY k LIMIT 1
SELECT awsdatacatalog.cases.numbers.k FROM awsdatacatalog.cases.numbers ORDER BY k LIMIT 1
SELECT cases.numbers.k FROM cases.numbers WHERE numbers.k = 1
SELECT k, k, 1 + 1, count(*) OVER () FROM numbers WHERE k = 1
SELECT nosuch FROM numbers
SELECT numbers.nosuch FROM numbers
SELECT m.k FROM numbers n
SELECT * FROM nosuch
SELECT * FROM nosuch.numbers
SELECT * FROM nosuch.cases.numbers
SELECT "abc" FROM numbers
SELECT *
SELECT 1 FROM numbers LIMIT -1
SELECT `k` FROM numbers
SELECT 1::varchar
SELECT k FROM numbers WHERE s ILIKE 'A%'
SELECT [1, 2]
SELECT {'a': 1}
SELECT 1 == 1
SELECT 7 // 2
SELECT 2 ** 3
SELECT * EXCLUDE (k) FROM numbers
FROM numbers
SELECT DISTINCT ON (t) k FROM numbers
SELECT k FROM numbers LIMIT 10 PERCENT
SELECT k FROM numbers LIMIT 1, 2
SELECT strftime(DATE '2024-01-01', '%Y')
SELECT list_value(1, 2)
SELECT epoch(DATE '2024-01-01')
SELECT string_agg(s, ',') FROM numbers
SELECT ifnull(1, 2)
SELECT date_sub('day', DATE '2024-01-01', DATE '2024-01-02')
SELECT k IS TRUE FROM numbers
SELECT 1 -- a comment
SELECT /* another */ 'a -- b' AS c
SELECT count(*) FROM numbers TABLESAMPLE BERNOULLI (100)
SELECT current_user IS NULL, current_catalog, current_schema
