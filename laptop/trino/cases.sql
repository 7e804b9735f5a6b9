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
-- Strings in Python
SELECT translate('abcd', 'aac', 'zq'), translate('abcd', 'a', ''), translate('a😀b', '😀', 'x'), translate('abc', '', 'x'), translate(NULL, 'a', 'b')
SELECT strpos('abcabc', 'abc', 2), strpos('abcabc', 'abc', -1), strpos('abcabc', 'abc', 3), strpos('aaa', 'aa', 2), strpos('aaa', 'aa', -1), strpos('abc', '', 2), strpos('abc', '', -1), strpos('aXbXcX', 'X', -2), strpos('a😀b😀', '😀', 2), strpos('aaaa', 'aa', -2), strpos('aaaa', 'aa', -3), strpos('aaaa', 'aa', -4), strpos('abcabc', 'abc', -3)
SELECT strpos('abc', 'a', 0)
SELECT levenshtein_distance('', 'abc'), levenshtein_distance('a😀', 'b😀'), levenshtein_distance('kitten', 'sitting'), levenshtein_distance('abc', ''), hamming_distance('', ''), hamming_distance('ab', '😀b'), hamming_distance('karolin', 'kathrin')
SELECT hamming_distance('a', 'ab')
SELECT soundex('Robert'), soundex('Tymczak'), soundex('Pfister'), soundex('Honeyman'), soundex(''), soundex('a'), soundex('Ashcraft'), soundex('robert'), soundex('1'), soundex('O''Hara'), soundex('Lloyd'), soundex('Jackson')
SELECT soundex('ü')
SELECT luhn_check('79927398713'), luhn_check('79927398714'), luhn_check('0'), luhn_check(NULL), luhn_check(''), luhn_check('4111111111111111')
SELECT luhn_check('12a')
SELECT from_utf8(X'616263'), from_utf8(X''), from_utf8(X'C3A9F09F9880')
SELECT url_extract_host('https://u:p@a.b:80/c?x=1#f'), url_extract_port('https://a.b:80/c'), url_extract_path('https://a.b/c%20d/e?x'), url_extract_protocol('https://a'), url_extract_query('http://a/b?x=1%20&y=2#f'), url_extract_fragment('http://a/b#f%20g')
SELECT url_extract_parameter('http://a/b?x=1&y=2&x=3', 'x'), url_extract_parameter('http://a/b?x=1&y', 'y'), url_extract_parameter('http://a/b?x=a%20b', 'x'), url_extract_parameter('http://a/b?x=1', 'z'), url_extract_parameter('http://a/b', 'z'), url_extract_parameter('http://a/b?x=', 'x')
SELECT url_extract_host('not a url'), url_extract_port('http://a'), url_extract_query('http://a'), url_extract_fragment('http://a'), url_extract_path('http://a'), url_extract_path('http://a/')
SELECT url_extract_protocol('ftp://x.org/y'), url_extract_host('http://api.coingecko.com/api/v3/coins?ids=a,b'), url_extract_query('http://a/b?ids=a,b&x=1+2'), url_extract_port('http://a:8080/'), url_extract_parameter('http://a/?a+b=1', 'a+b'), url_extract_host('HTTP://A.B/')
SELECT url_encode('a b&c/ü😀-_.*~!(''"'), url_decode('a%20b+c%C3%BC'), url_encode(''), url_decode(''), url_encode(s) FROM numbers WHERE k = 3
SELECT url_decode('%')
SELECT url_decode('%zz')
SELECT to_base(255, 16), to_base(-255, 2), to_base(0, 36), from_base('ff', 16), from_base('FF', 16), from_base('-1010', 2), from_base('+7', 8), from_base('zz', 36), to_base(35, 36), from_base('9223372036854775807', 10)
SELECT to_base(1, 1)
SELECT from_base('g', 16)
SELECT from_base('', 10)
SELECT from_base('9223372036854775808', 10)
SELECT bit_count(7, 64), bit_count(-1, 8), bit_count(-8, 64), bit_count(0, 2), bit_count(127, 8)
SELECT bit_count(200, 8)
SELECT bit_count(1, 1)
SELECT bitwise_left_shift(1, 2), bitwise_right_shift(-8, 1), bitwise_right_shift_arithmetic(-8, 1), bitwise_left_shift(CAST(1 AS bigint), 63), bitwise_left_shift(1, 40), bitwise_right_shift(CAST(-8 AS bigint), 1), bitwise_right_shift_arithmetic(-8, 70), bitwise_left_shift(-1, 31), bitwise_right_shift(8, 2)
SELECT human_readable_seconds(3762), human_readable_seconds(0), human_readable_seconds(96.6), human_readable_seconds(-61), human_readable_seconds(56363463), human_readable_seconds(0.4), human_readable_seconds(604800), human_readable_seconds(1), human_readable_seconds(86400), human_readable_seconds(0.5), human_readable_seconds(1.5)
SELECT human_readable_seconds(nan())
SELECT split('a-b-c', '-', 2), split('a-b', '-', 5), split('a-b', '-', 1), split('😀,b', ',')
SELECT split('a-b', '-', 0)
SELECT split('a', '')
SELECT split_to_map('a=1', ',', '='), split_to_map('', ',', '='), split_to_map('a=1,', ',', '='), split_to_map('a=', ',', '=')
SELECT split_to_map('a', ',', '=')
SELECT split_to_map('a=1,a=2', ',', '=')
SELECT split_to_map('a=1=2', ',', '=')
SELECT split_to_map('a=1', ',', ',')
SELECT split_to_map('a=1', '', '=')
SELECT to_base64url(X'ffef'), from_base64('/+8='), from_base64url('_-8='), to_base32(X'616263'), crc32(to_utf8('abc')), to_hex(sha512(to_utf8('a'))), to_big_endian_64(1), to_big_endian_32(-2), from_hex('00fF'), from_base64('')
SELECT from_base64('*')
SELECT from_hex('6')
SELECT from_hex('zz')
-- FORMAT
SELECT format('%2$s %3$s %1$s', 'a', 'b', 'c'), format('%05d|%,d|%+d|%x|%o|%X', 42, 1234567, 5, 255, 8, 255), format('%,.2f|%10.3f|%-8s|%8s', 1234.567e0, 3.14159e0, 'ab', 'cd')
SELECT format('%s', NULL)
SELECT format('%s %s %s', 1.5e0, true, DATE '2024-01-01'), format('%b', true), format('%03d', 7), format('%.0f', 2.5e0), format('%d%%', 7)
SELECT format('%s', DECIMAL '1.50'), format('%.1f', DECIMAL '1.25'), format('%,d', -1234567), format('%08.2f', -3.14159e0), format('%f', 1.5e0), format('%+.1f', 1e0), format('%.2f', nan()), format('%.3f', 1e10), format('%5d|%-5d|', 42, 42), format('%.2f', infinity()), format('%,.0f', 1234567.5e0), format('%1$s-%1$s', 'x')
SELECT format('%d', 'a')
SELECT format('%d', 1.5e0)
SELECT format('%s %s', 'a')
SELECT format('%s-%d', s, k) FROM numbers ORDER BY k
SELECT format('%.3f', y) FROM numbers ORDER BY k
-- Regular expressions in Java
SELECT regexp_like('a', '[')
SELECT regexp_extract('abc', '(?<n>b)', 1), regexp_extract('foobar', '(?<x>o+)', 1), regexp_like('a', '(?<n>a)')
SELECT regexp_extract('abc', 'b', -1)
SELECT regexp_extract('abc', 'b', 1)
SELECT regexp_extract('abc', '(x)?b', 1), regexp_extract_all('abab', '(x)?b', 1), regexp_extract_all('a1b22', '([a-z])(\d+)', 2), regexp_extract_all('aaa', ''), regexp_extract_all('abc', 'x*')
SELECT regexp_replace('aaa', '', '-'), regexp_replace('abc', 'x*', '-'), regexp_replace('abc', '(b)', '[$1]'), regexp_replace('abc', 'b', '\$x'), regexp_replace('abc', 'b', '$0$0'), regexp_replace('abc', 'b', '\\'), regexp_replace('abc', '(?<n>b)', '<${n}>'), regexp_replace('abc', '(b)', '$12'), regexp_replace('abc', 'b', '\n'), regexp_replace('abc', 'z', '$'), regexp_replace('abc', '(x)?b', '[$1]')
SELECT regexp_replace('abc', 'b', '$1')
SELECT regexp_replace('abc', 'b', '$')
SELECT regexp_replace('abc', 'b', '$x')
SELECT regexp_replace('abc', 'b', '\')
SELECT regexp_replace('ab', '(?<n>a)', '${m}')
SELECT regexp_split('a1b2c', '\d'), regexp_split('abc', ''), regexp_split('1a1', '1'), regexp_split('', 'x'), regexp_split('aXbX', 'X'), regexp_split('xaax', 'a*')
SELECT regexp_count('aaa', 'a'), regexp_count('aaa', ''), regexp_count('', 'a'), regexp_count('', '')
SELECT regexp_position('abcabc', 'b'), regexp_position('abcabc', 'b', 3), regexp_position('abcabc', 'b', 1, 2), regexp_position('abc', 'x'), regexp_position('a😀b', 'b'), regexp_position('abc', '', 2), regexp_position('abc', 'a', 4), regexp_position('abc', '', 4), regexp_position('aXbX', 'X', 1, 3), regexp_position('abc', '(?<=a)b', 2), regexp_position('abc', '^b', 2), regexp_position('aaa', '', 1, 2)
SELECT regexp_position('abc', 'b', 0)
SELECT regexp_position('abc', 'b', 1, 0)
SELECT regexp_like('é', '\w'), regexp_like('٣', '\d'), regexp_like(chr(160), '\s'), regexp_like(chr(11), '\s'), regexp_like('_', '\W')
SELECT regexp_like('a' || chr(10) || 'b', 'a.b'), regexp_like('a' || chr(10) || 'b', '(?s)a.b'), regexp_like('a' || chr(10) || 'b', 'a$'), regexp_like('a' || chr(10) || 'b', '(?m)a$'), regexp_like('a' || chr(10), 'a$'), regexp_like('a' || chr(10), 'a\z'), regexp_like('a' || chr(10), 'a\Z'), regexp_like('a' || chr(13), 'a$'), regexp_like('a' || chr(13), 'a.'), regexp_like(chr(8232), '.'), regexp_like(chr(133), '.')
SELECT regexp_like('a' || chr(10) || 'b', '^b'), regexp_like('a' || chr(10) || 'b', '(?m)^b'), regexp_count('a' || chr(10), '$'), regexp_count('a', '$')
SELECT regexp_count('a' || chr(10) || 'b' || chr(10), '(?m)^'), regexp_count('a' || chr(10) || 'b' || chr(10), '(?m)$'), regexp_like('a' || chr(10), '(?m)^$')
SELECT regexp_like('aa', '(a)\1'), regexp_like('ab', 'a(?=b)'), regexp_like('ab', '(?<=a)b'), regexp_like('ab', '(?<!a)b'), regexp_like('aab', 'a++b'), regexp_like('aab', '(?>a+)b'), regexp_like('-', '[a\-z]'), regexp_like('b', '[^a-c]'), regexp_like('\', '\\'), regexp_like('ab', 'a(?!b)')
SELECT regexp_like('a', '\p{L}'), regexp_like('A', '\p{Lu}'), regexp_like('a', '\p{Alpha}'), regexp_like('a', '\x61'), regexp_like('a', '\u0061'), regexp_like('a.b', '\Qa.b\E'), regexp_like('axb', '\Qa.b\E'), regexp_like(chr(9), '\t'), regexp_like('7', '\p{N}'), regexp_like('a', '\P{Lu}')
SELECT regexp_like('aaa', '^a{2,3}$'), regexp_extract('aaaa', 'a{2,3}?'), regexp_like('a', '^a{2}$'), regexp_extract('aaaa', 'a{2,}'), regexp_extract('xaax', 'a*?'), regexp_extract('<a><b>', '<.+?>')
SELECT regexp_like('Straße 😀 X', '(?i)^x')
SELECT regexp_like('abc', '(?i:ABC)'), regexp_like('K', '(?i)[k]'), regexp_like('A', '(?i)[a-c]'), regexp_like('A', '(?i)[^a]'), regexp_like('ABC', '(?i)a(b)c'), regexp_like('aA', '(?i)(a)\1'), regexp_like('Café BTC', '(?i)btc')
SELECT regexp_like('a-b', '[a-]'), regexp_like('-', '[-a]'), regexp_like('-', '[a-z-]'), regexp_like('.', '[.]'), regexp_like('^', '[\^]'), regexp_like('b', '[^\da]'), regexp_like('x', '[a\]x]'), regexp_like('"', '["'']'), regexp_like('$', '[$^]'), regexp_like('é', '[à-ü]'), regexp_like('😀', '[😀-😂]'), regexp_like(' ', '[ ]'), regexp_like('|', '[|~&]')
SELECT regexp_like('tab', '\ba'), regexp_like('a b', '\bb\b'), regexp_like('a_b', '\bb'), regexp_like('a', '\Ba'), regexp_like('a}', 'a}'), regexp_like('a]', 'a]'), regexp_extract('ab', '(?=(a))a', 1), regexp_like('b', '(a)|b\1'), regexp_like('ab', '(?:(a)|b)\1'), regexp_extract('aba', '(a|(b))+', 2), regexp_extract('ab', '(?:(a)|b)*', 1)
SELECT regexp_replace('new york', '(\w)(\w*)', x -> upper(x[1]) || lower(x[2])), regexp_replace('ab', '(x)?b', x -> coalesce(x[1], '-')), regexp_replace('abc', '(b)', x -> x[1] || '!'), regexp_replace('abc', '(b)', x -> CAST(NULL AS varchar)), regexp_replace('abc', 'b', x -> 'z')
SELECT regexp_extract('123abc', '[0-9]+[a-z]'), regexp_like('', '^$'), regexp_like('a|b', 'a\|b'), regexp_replace('a.b', '[.]', '-'), regexp_extract('price: $12.50', '\$([0-9]+\.?[0-9]*)', 1), regexp_replace('2026-01-31', '(\d+)-(\d+)-(\d+)', '$3.$2.$1')
SELECT regexp_like('a', '*')
SELECT regexp_like('a', '(')
SELECT regexp_like('a', ')')
SELECT regexp_like('a', '[z-a]')
SELECT regexp_like('a', '\')
SELECT regexp_like('a', '(?P<n>a)')
SELECT TRY(regexp_like('a', '(')), TRY(regexp_extract('abc', 'b', 1))
SELECT s, regexp_extract(s, '[a-z]+'), regexp_replace(s, '\s+', '_'), regexp_like(s, ',') FROM numbers ORDER BY k
SELECT coin, regexp_like(coin, '(?i)COIN$'), regexp_count(coin, '[aeiou]') FROM events ORDER BY dt, price
SELECT regexp_like('a', CAST(NULL AS varchar)), regexp_extract(CAST(NULL AS varchar), 'a'), regexp_like(s, s) FROM numbers WHERE k = 1
SELECT regexp_like(1, 'a')
-- JSON by paths
SELECT json_extract('{"a":{"b":[1,2.50,"x",null,true]}}', '$.a.b'), json_extract('{"a":1}', '$'), json_extract('{"a":1}', '$.b'), json_extract('{"a":null}', '$.a'), json_extract('[1,2]', '$[1]'), json_extract('[1,2]', '$[5]'), json_extract('{"a b":1}', '$["a b"]'), json_extract('not json', '$.a')
SELECT json_extract('{"a":{"b":1}}', '$..b')
SELECT json_extract('{"a":[1,2]}', '$.a[*]')
SELECT json_extract_scalar('{"a":"x\"y\u00e9"}', '$.a'), json_extract_scalar('{"a":1.50}', '$.a'), json_extract_scalar('{"a":true}', '$.a'), json_extract_scalar('{"a":[1]}', '$.a'), json_extract_scalar('{"a":{}}', '$.a'), json_extract_scalar('{"a":1e3}', '$.a'), json_extract_scalar('{"a":12345678901234567890123}', '$.a'), json_extract_scalar('{"a":-0.0}', '$.a'), json_extract_scalar('{"a":1.0E+2}', '$.a'), json_extract_scalar('{"a":null}', '$.a')
SELECT json_extract('{"a":  {"z":1,  "b": [ 1 , 2 ]}}', '$.a'), json_extract('{"a":1.50}', '$.a'), json_extract('{"a":1e3}', '$.a'), json_extract('{"a":"é\u00e9\/"}', '$.a'), json_extract('{"z":1,"a":2,"z":3}', '$'), json_extract('{"a":"\n\u0001"}', '$.a'), json_extract('{"a": "é😀"}', '$.a'), json_extract('{"a": 100000000000000000000000}', '$.a'), json_extract('{"a": 0.1}', '$.a'), json_extract('{"a": -0}', '$.a'), json_extract('{"a": 1.0e-5}', '$.a'), json_extract('{"a": "\u007f\u0080\u2028"}', '$.a')
SELECT json_extract_scalar(JSON '{"a":1,"b":"x"}', '$.b'), json_extract(JSON '{"b":1,"a":[1.50]}', '$.a'), json_extract_scalar(JSON '{"a":1.50}', '$.a'), json_extract_scalar('{"a":{"b":[[1,2],[3]]}}', '$.a.b[1][0]'), json_extract_scalar('{"A":1}', '$.a'), json_extract_scalar('"x"', '$'), json_extract_scalar('1', '$'), json_extract_scalar('null', '$'), json_extract('"x"', '$'), json_extract('', '$'), json_extract_scalar('{"a":{"b":2}}', '$["a"]["b"]'), json_extract_scalar('{"a_1":1,"é":2}', '$.a_1'), json_extract_scalar('{"é":2}', '$.é')
SELECT json_extract_scalar('{"a":1}', '.a')
SELECT json_extract_scalar('{"a":1}', 'a')
SELECT json_extract_scalar('{"a":1}', '$.')
SELECT json_extract_scalar('{"b-c":1}', '$.b-c')
SELECT json_extract_scalar('{"a":1}', '')
SELECT json_extract_scalar('{"a":1}', '$[''a'']')
SELECT json_extract_scalar('{"coin":"' || coin || '"}', '$.coin') FROM events ORDER BY coin
SELECT json_size('{"a":{"b":1,"c":2}}', '$.a'), json_size('{"a":1}', '$.a'), json_size('{"a":[1,2,3]}', '$.a'), json_size('{"a":1}', '$.b'), json_size('x', '$'), json_size('{"a":null}', '$.a')
SELECT json_array_length('[1,2,[3]]'), json_array_length('{"a":1}'), json_array_length('x'), json_array_length('[]'), json_array_get('[1,"a",null,{"b":1}]', 1), json_array_get('[1,2]', -1), json_array_get('[1]', 5), json_array_get('[1,"a",null]', 2), json_array_get('{}', 0), json_array_get('["a"]', 0), json_array_get('[[1, 2.50]]', 0), json_array_get('[1.50]', 0), json_array_get('["a\"b"]', 0), json_array_get('[true]', 0)
SELECT json_array_contains('[1,2]', 2), json_array_contains('["a"]', 'a'), json_array_contains('[1.5]', 1.5e0), json_array_contains('[true]', true), json_array_contains('x', 1), json_array_contains('{}', 1), json_array_contains('[1.0]', 1), json_array_contains('["1"]', 1), json_array_contains(JSON '[1,2]', 1), json_array_contains('[1]', 1e0)
SELECT is_json_scalar('1'), is_json_scalar('[1]'), is_json_scalar('"x"'), is_json_scalar('null')
SELECT is_json_scalar('x')
-- JSON values
SELECT json_parse('{"b":1,"a":2}'), json_parse('1.50'), json_parse('1e3'), json_parse('"\u00e9"'), json_parse(' [1 ,2] '), json_parse('null'), json_parse('{"a":12345678901234567890}'), json_parse('0.10'), json_parse('"a\/b"'), json_parse('-0'), json_parse('1.0'), json_parse('{"a":1,"a":2}'), json_parse('1e-7'), json_parse('1.0E10'), json_parse('"😀"'), json_parse('{"b":{"d":1,"c":2},"a":1}'), json_parse('{}'), json_parse('[]')
SELECT json_parse('')
SELECT json_parse('{a:1}')
SELECT json_parse('01')
SELECT json_parse('{"a":1} x')
SELECT json_parse('[1,]')
SELECT json_parse('NaN')
SELECT TRY(json_parse('x')), TRY_CAST(JSON '"x"' AS integer)
SELECT json_format(JSON '{"b": 1, "a": [1, 2]}'), json_format(CAST('x' AS JSON)), json_format(CAST(1.5e0 AS json)), json_format(CAST(DECIMAL '1.50' AS json)), json_format(CAST(DATE '2024-01-01' AS JSON)), json_format(CAST(NULL AS json)), json_format(CAST(TIMESTAMP '2024-01-01 10:00:00' AS JSON)), json_format(CAST(true AS JSON)), json_format(CAST(1e10 AS JSON)), json_format(CAST(nan() AS JSON)), json_format(CAST(TIMESTAMP '2024-01-01 10:00:00.120' AS JSON))
SELECT CAST(ARRAY[1,NULL,2] AS JSON), CAST(MAP(ARRAY['b','a'],ARRAY[1,2]) AS JSON), CAST(ROW(1,'a') AS JSON), CAST(MAP(ARRAY[2,1],ARRAY['x',NULL]) AS JSON), CAST(ARRAY[JSON '{"a":1}'] AS JSON), CAST(CAST(ROW(1,NULL) AS ROW(a integer, b varchar)) AS JSON), CAST('é"\😀' || chr(10) AS JSON), CAST(MAP(ARRAY[10,9],ARRAY[1,2]) AS JSON), CAST(MAP(ARRAY[true],ARRAY[1.5e0]) AS JSON), CAST(ARRAY[ARRAY['a'],NULL] AS JSON), CAST(CAST(1 AS bigint) AS JSON), CAST(MAP(ARRAY['é','z','Z'],ARRAY[1,2,3]) AS JSON)
SELECT CAST(JSON '"NaN"' AS double)
SELECT CAST(JSON '"x"' AS varchar), CAST(JSON '1' AS varchar), CAST(JSON '1.50' AS varchar), CAST(JSON 'true' AS varchar), CAST(JSON 'null' AS varchar), CAST(JSON '1.5' AS integer), CAST(JSON '"12"' AS integer), CAST(JSON 'true' AS integer), CAST(JSON '2.5' AS bigint), CAST(JSON '1' AS boolean), CAST(JSON '"true"' AS boolean), CAST(JSON '1e2' AS varchar), CAST(JSON '1.5' AS double), CAST(JSON '"1.5"' AS double), CAST(JSON '12345678901234567890' AS varchar), CAST(JSON '2' AS boolean), CAST(JSON '0' AS boolean), CAST(JSON '0.5' AS boolean), CAST(JSON '0.00012' AS varchar)
SELECT CAST(JSON '[1]' AS varchar)
SELECT CAST(JSON '"x"' AS integer)
SELECT CAST(JSON '"x"' AS double)
SELECT CAST(JSON '99999999999' AS integer)
SELECT CAST(JSON '"x"' AS boolean)
SELECT CAST(JSON '{"a":1}' AS array(integer))
SELECT CAST(JSON '[1,2]' AS row(a integer))
SELECT CAST(JSON '"2024-01-01"' AS date)
SELECT CAST(JSON '[1,"2",null]' AS array(integer)), CAST(JSON '{"a":1,"b":null}' AS map(varchar,integer)), CAST(JSON '{"a":1,"b":"x"}' AS row(a integer, b varchar)), CAST(JSON '[1,"x"]' AS row(a integer, b varchar)), CAST(JSON '[[1],[2,3]]' AS array(array(bigint))), CAST(JSON '{"a":[1]}' AS map(varchar,array(json))), CAST(JSON '{"c":1}' AS row(a integer)), CAST(JSON '{"1":2}' AS map(bigint,integer)), CAST(JSON '[]' AS array(integer)), CAST(JSON '{}' AS map(varchar,integer)), CAST(JSON '{"a":[{"b":1}]}' AS row(a array(row(b integer)))), CAST(JSON '[1.5]' AS array(varchar)), CAST(JSON 'null' AS array(integer))
SELECT JSON '{a}'
SELECT JSON '{"a":1}', JSON '"x"', JSON ' [ 1 ] '
SELECT json_value('{"a":{"b":3}}', 'lax $.a.b'), json_value('{"a":"x"}', 'strict $.a'), json_value('{"a":1.5}', 'lax $.a'), json_value('{"a":true}', 'lax $.a'), json_value('{}', 'lax $.a'), json_value('{"a":null}', 'lax $.a'), json_value('{"a":[1]}', 'lax $.a'), json_value('x', 'lax $.a'), json_value('{"a":[1,2]}', 'lax $.a'), json_value('{}', 'strict $.a'), json_value('{"a":0.00012}', 'lax $.a'), json_value('{"a":[{"b":1}]}', 'lax $.a.b'), json_value('{"a":[{"b":1},{"b":2}]}', 'lax $.a.b'), json_value('{"a":[1]}', 'lax $.a[0]'), json_value('{"a":5}', 'lax $.a[0]'), json_value('{"a b":1}', 'lax $."a b"'), json_value('5', 'lax $')
SELECT json_query('{"a":[1, 2]}', 'lax $.a'), json_query('{"a":{"c":1,"b":2}}', 'lax $.a'), json_query('{"a":1}', 'lax $.a'), json_query('{"a":"x"}', 'lax $.a'), json_query('{}', 'lax $.a'), json_query('{"a":[1,2]}', 'lax $.a[*]'), json_query('x', 'lax $'), json_query('[{"a":1},{"a":2}]', 'lax $.a'), json_query('[{"a":1}]', 'lax $[0].a')
SELECT json_exists('{"a":1}', 'lax $.a'), json_exists('{"a":1}', 'lax $.b'), json_exists('{"a":[1,2]}', 'lax $.a[5]'), json_exists('{"a":1}', 'strict $.b'), json_exists('x', 'lax $.a'), json_exists('{"a":{"b":null}}', 'lax $.a.b'), json_exists('[{"a":1},{"b":2}]', 'lax $.b')
SELECT json_value('{"a":1}', '$.a')
-- Arrays and maps in Python
SELECT array_distinct(ARRAY[3,1,3,NULL,2,NULL]), array_union(ARRAY[3,1,3],ARRAY[2,NULL,1]), array_except(ARRAY[3,3,1,NULL],ARRAY[1]), array_intersect(ARRAY[3,3,1,NULL,7],ARRAY[NULL,7,1,3]), array_intersect(ARRAY[1,2,3],ARRAY[3,3,2,5,1]), array_intersect(ARRAY['z','b'],ARRAY['b','a','z']), array_distinct(ARRAY[ARRAY[1],ARRAY[1],ARRAY[NULL]]), array_distinct(ARRAY['b','a','b']), array_distinct(ARRAY[true,false,true]), array_distinct(CAST(ARRAY[] AS array(integer)))
SELECT array_distinct(ARRAY[nan(), nan(), 0e0, -0e0])
SELECT array_union(ARRAY[nan()],ARRAY[nan()])
SELECT array_union(ARRAY[1],ARRAY[2],ARRAY[1,3])
SELECT array_distinct(tags), array_union(tags, ARRAY['y']), array_except(tags, ARRAY['x']) FROM events ORDER BY dt, price
SELECT combinations(ARRAY[1,2,3,4],2), combinations(ARRAY[1,2],3), combinations(ARRAY[1,2],0), combinations(ARRAY['a',NULL],1), combinations(ARRAY[1,2,3,4],3)
SELECT combinations(ARRAY[1,2,3,4],-1)
SELECT combinations(ARRAY[1,2,3,4,5,6,7],6)
SELECT ngrams(ARRAY[1,2,3],2), ngrams(ARRAY[1,2],5), ngrams(ARRAY[1,2,3],1)
SELECT ngrams(ARRAY[1,2,3],0)
SELECT contains_sequence(ARRAY[1,2,3],ARRAY[2,3]), contains_sequence(ARRAY[1,2,3],ARRAY[1,3]), contains_sequence(ARRAY[1,NULL,3],ARRAY[NULL,3]), contains_sequence(ARRAY[1],ARRAY[1,2])
SELECT trim_array(ARRAY[1,2,3],0), trim_array(ARRAY[1,2,3],3), trim_array(ARRAY['a','b'],1)
SELECT trim_array(ARRAY[1,2,3],4)
SELECT trim_array(ARRAY[1,2,3],-1)
SELECT repeat(1,0), repeat('a',2), repeat(ARRAY[1],2), repeat(CAST(NULL AS varchar),2)
SELECT repeat('a',-1)
SELECT repeat(1, 10001)
SELECT sequence(1,10,3), sequence(10,1,-4), sequence(5,5), sequence(DATE '2024-01-03', DATE '2024-01-01'), sequence(DATE '2024-01-01', DATE '2024-01-10', INTERVAL '4' DAY), sequence(DATE '2024-01-31', DATE '2024-05-31', INTERVAL '1' MONTH), sequence(3, 1), sequence(DATE '2024-03-31', DATE '2023-12-31', INTERVAL '-1' MONTH), sequence(1, 1, 5)
SELECT sequence(TIMESTAMP '2024-01-31 00:00:00', TIMESTAMP '2024-02-01 00:00:00', INTERVAL '12' HOUR)
SELECT sequence(TIMESTAMP '2024-01-31 00:00:00.000', TIMESTAMP '2024-04-01 00:00:00.000', INTERVAL '1' MONTH)
SELECT sequence(1,10,-1)
SELECT sequence(1,10,0)
SELECT sequence(1,20000)
SELECT cardinality(sequence(1,10000))
SELECT sequence(DATE '2024-01-01', DATE '2024-01-10', INTERVAL '36' HOUR)
SELECT map_entries(MAP(ARRAY['z','a'],ARRAY[1,NULL])), map_from_entries(ARRAY[('z', 'x'), ('b', 'y'), ('a', 'q')]), multimap_from_entries(ARRAY[('z', 'x'), ('b', 'y'), ('z', 'z'), ('a', 'q')]), map_from_entries(map_entries(MAP(ARRAY[1],ARRAY[2])))
SELECT map_from_entries(ARRAY[('z', 'x'), ('z', 'y')])
SELECT map_from_entries(ARRAY[(NULL, 'x'), ('z', 'y')])
SELECT map_from_entries(ARRAY[NULL, ('z', 'y')])
SELECT zip(ARRAY[1,2],ARRAY['a']), zip(ARRAY[1,2],ARRAY['a','b']), zip(ARRAY[1],CAST(NULL AS array(integer)))
SELECT map_entries(quotes), map_keys(quotes) FROM events ORDER BY dt, price
-- Lambdas
SELECT map_filter(MAP(ARRAY['z','a','b'],ARRAY[1,2,NULL]),(k,v)->v>0), transform_keys(MAP(ARRAY['z','a'],ARRAY[1,2]),(k,v)->v), transform_values(MAP(ARRAY['z','a'],ARRAY[1,2]),(k,v)->v*2), transform_values(MAP(ARRAY['z','a'],ARRAY[1,2]),(k,v)->k), transform_keys(MAP(ARRAY['a'],ARRAY[1]),(k,v)->k||CAST(v AS varchar)), map_filter(MAP(ARRAY[1,2],ARRAY[1,2]),(k,v)->k>5)
SELECT transform_keys(MAP(ARRAY['z','a'],ARRAY[1,1]),(k,v)->v)
SELECT transform_keys(MAP(ARRAY['z','a'],ARRAY[1,NULL]),(k,v)->v)
SELECT map_filter(quotes, (k, v) -> v > 95), transform_values(quotes, (k, v) -> v * 2), transform_keys(quotes, (k, v) -> upper(k)) FROM events ORDER BY dt, price
SELECT zip_with(ARRAY[1,2,3],ARRAY['a','b'],(x,y)->coalesce(y,'-')), zip_with(ARRAY[1,2],ARRAY[3,4],(x,y)->x*y), zip_with(ARRAY[1,2],ARRAY[3],(x,y)->x+y)
SELECT reduce(ARRAY[1,2,NULL],0,(s,x)->s+x,s->s), reduce(ARRAY[5,6],1,(s,x)->s*x,s->CAST(s AS varchar)), reduce(CAST(ARRAY[] AS array(integer)),5,(s,x)->s+1,s->s*2), reduce(ARRAY['a','b'],'',(s,x)->s||x,s->upper(s)), reduce(ARRAY[1,2,3],0e0,(s,x)->s+x,s->s/3), reduce(ARRAY[1,2],ARRAY[0],(s,x)->s||x,s->cardinality(s))
SELECT reduce(ARRAY[5,20],CAST(ROW(0.0,0) AS ROW(s DOUBLE,c INTEGER)),(s,x)->CAST(ROW(x+s.s,s.c+1) AS ROW(s DOUBLE,c INTEGER)),s->s.s/s.c)
SELECT coin, reduce(tags, 0, (s, x) -> s + 1, s -> s), transform(tags, x -> x || coin), filter(tags, x -> x IS NOT NULL) FROM events ORDER BY dt, price
SELECT transform(ARRAY[ARRAY[1,2],ARRAY[3]], a -> transform(a, x -> x * 2)), transform(ARRAY[1,2], x -> filter(ARRAY[1,2,3], y -> y > x)), reduce(ARRAY[ARRAY[1,2],ARRAY[3]], 0, (s, a) -> s + reduce(a, 0, (t, x) -> t + x, t -> t), s -> s)
SELECT reduce(ARRAY[2147483647, 1], 0, (s, x) -> s + x, s -> s)
SELECT transform(ARRAY[1, 0], x -> 1 / x)
-- Comparing arrays and rows
SELECT ARRAY[1,2]=ARRAY[1,NULL], ARRAY[1,NULL]=ARRAY[2,NULL], ARRAY[1]=ARRAY[1,2], ARRAY[1,2]<ARRAY[1,3], ARRAY[1]<ARRAY[1,0], ARRAY[1,2]<>ARRAY[1,NULL], ARRAY['a']=ARRAY['a'], ARRAY[1,2]>=ARRAY[1,2], ARRAY[2]>ARRAY[1,5], ARRAY[ARRAY[1]]=ARRAY[ARRAY[1]]
SELECT ARRAY[1,NULL]<ARRAY[1,2]
SELECT ROW(1,'a')=ROW(1,'a'), ROW(1,NULL)=ROW(2,NULL), ROW(1,2)<ROW(1,3), MAP(ARRAY[1],ARRAY[2])=MAP(ARRAY[1],ARRAY[2]), ROW(1,'a')<>ROW(1,'b'), (1,2)=(1,2), MAP(ARRAY[1,2],ARRAY[2,3])=MAP(ARRAY[2,1],ARRAY[3,2]), MAP(ARRAY[1],ARRAY[2])<>MAP(ARRAY[2],ARRAY[2])
SELECT ARRAY[nan()]=ARRAY[nan()]
SELECT 1 WHERE (1,'a') IN ((1,'a'),(2,'b'))
SELECT k FROM numbers WHERE (k, s) IN ((1, 'abc'), (2, 'x'), (6, NULL))
SELECT k FROM numbers WHERE (k, i) IN (SELECT k, i FROM numbers WHERE k < 3)
SELECT tags = ARRAY['stale', 'x'], about = about FROM events ORDER BY dt, price
SELECT tags, count(*) FROM events GROUP BY tags
SELECT DISTINCT tags FROM events
SELECT about, count(*) FROM events GROUP BY about
SELECT a, sum(x) FROM (VALUES (ARRAY[2,1], 1), (ARRAY[1,5], 2), (ARRAY[2,1], 3)) t(a, x) GROUP BY a ORDER BY a
SELECT a FROM (VALUES ARRAY[2,1], ARRAY[1,5], ARRAY[1]) t(a) ORDER BY a DESC
SELECT ARRAY[4,5] || ARRAY[ARRAY[1,2],ARRAY[3,4]], ARRAY[ARRAY[1]] || ARRAY[2]
SELECT concat('a', NULL), NULL || 'a', concat(NULL, 'a')
SELECT concat('a', 'b', NULL)
SELECT NULL || NULL
SELECT ARRAY[1] || NULL, NULL || ARRAY[1], concat(ARRAY[1],ARRAY[2],ARRAY[3])
-- Decimals by rule
SELECT DECIMAL '1.00' / DECIMAL '3.00', DECIMAL '10' / 3, DECIMAL '-7.5' / DECIMAL '2', DECIMAL '1' / DECIMAL '3.000', 1 / DECIMAL '8', DECIMAL '0.05' / 2, DECIMAL '-0.05' / 2, DECIMAL '99999999999999999999' / DECIMAL '0.01'
SELECT DECIMAL '1' / DECIMAL '0'
SELECT DECIMAL '7.5' % DECIMAL '2', DECIMAL '-7.5' % 2, mod(DECIMAL '7.25', DECIMAL '0.5'), 7 % DECIMAL '2.5'
SELECT DECIMAL '1' % DECIMAL '0'
SELECT round(DECIMAL '2.5'), round(DECIMAL '-2.5'), round(DECIMAL '2.345', 2), round(DECIMAL '2.345', 5), round(DECIMAL '1234.5', -2), round(DECIMAL '9.99', 1), truncate(DECIMAL '2.99'), truncate(DECIMAL '-2.99'), truncate(DECIMAL '2.345', 2), truncate(DECIMAL '1299.5', -2)
SELECT ceil(DECIMAL '2.1'), ceiling(DECIMAL '-2.1'), floor(DECIMAL '2.9'), floor(DECIMAL '-2.1'), abs(DECIMAL '-2.10'), sign(DECIMAL '-3.5'), sign(DECIMAL '0.0'), ceil(DECIMAL '99.5'), floor(DECIMAL '5')
SELECT avg(d), sum(d), min(d), max(d), count(d) FROM numbers
SELECT t, avg(d) FROM numbers GROUP BY t ORDER BY t
SELECT avg(x) FROM (VALUES DECIMAL '0.1', DECIMAL '0.2', DECIMAL '0.2') t(x)
SELECT avg(x) FROM (VALUES DECIMAL '-0.1', DECIMAL '-0.2') t(x)
SELECT avg(x) FROM (SELECT DECIMAL '1.0' AS x WHERE false) t
SELECT DECIMAL '99999999999999999999999999999999999999' + DECIMAL '1'
SELECT DECIMAL '1.1' * DECIMAL '2.25', DECIMAL '12345678901234567890' * DECIMAL '12345678901234567890', DECIMAL '1.5' + 1, DECIMAL '1.5' - DECIMAL '0.25', -DECIMAL '1.5', DECIMAL '1.5' + 1e0
SELECT DECIMAL '99999999999999999999' * DECIMAL '99999999999999999999'
SELECT d / 3, d % 2, d * d, round(d, 1), d + 1 FROM numbers ORDER BY k
SELECT DECIMAL '1.5' = 1.5e0, DECIMAL '1.50' = DECIMAL '1.5', DECIMAL '2' > 1, CAST(DECIMAL '1.55' AS decimal(2,1)), CAST(1.005e0 AS decimal(5,2)), CAST('1.5' AS decimal(3,1))
SELECT CAST(1000 AS decimal(3,1))
SELECT CAST('x' AS decimal(3,1))
-- Grouping sets
SELECT t, k % 2 AS odd, count(*) FROM numbers GROUP BY ROLLUP (t, k % 2) ORDER BY 1, 2, 3
SELECT t, k % 2 AS odd, count(*), grouping(t, k % 2) FROM numbers GROUP BY CUBE (t, k % 2) ORDER BY 4, 1, 2
SELECT t, k % 2, sum(k), grouping(t), grouping(k % 2) FROM numbers GROUP BY GROUPING SETS ((t, k % 2), (t), ()) ORDER BY 3, 1, 2
SELECT t, count(*) FROM numbers WHERE k > 9 GROUP BY ROLLUP (t)
SELECT count(*) FROM numbers WHERE k > 9 GROUP BY ()
SELECT coin, dt, sum(price) FROM events GROUP BY coin, ROLLUP (dt) ORDER BY 1, 2, 3
SELECT coin, dt, count(*) FROM events GROUP BY GROUPING SETS (coin, dt) ORDER BY 1, 2
SELECT coin, grouping(rank) FROM events GROUP BY coin
SELECT coin, price FROM events GROUP BY ROLLUP (coin)
SELECT coin, dt, count(*) FROM events GROUP BY ROLLUP (coin), CUBE (dt) ORDER BY 1, 2, 3
SELECT coin, grouping(coin) + 1, CASE WHEN grouping(coin) = 1 THEN 'all' ELSE coin END FROM events GROUP BY ROLLUP (1) ORDER BY 2, 3
SELECT grouping(coin) FROM events
SELECT coin, sum(rank) FROM events GROUP BY ROLLUP (coin) HAVING grouping(coin) = 1
-- Intervals
SELECT INTERVAL '3' YEAR + INTERVAL '5' MONTH, INTERVAL '1' DAY + INTERVAL '2' HOUR, INTERVAL '1' DAY * 2, 3 * INTERVAL '2' HOUR, INTERVAL '3' MONTH - INTERVAL '1' YEAR, -INTERVAL '1' DAY, INTERVAL '5' MONTH * 3, INTERVAL '10' SECOND, INTERVAL '-90' MINUTE, INTERVAL '14' MONTH, INTERVAL '0' DAY
SELECT INTERVAL '1' DAY + INTERVAL '1' MONTH
SELECT INTERVAL '1' DAY > INTERVAL '23' HOUR, INTERVAL '1' YEAR = INTERVAL '12' MONTH
SELECT INTERVAL '1 2:03:04.567' DAY TO SECOND, INTERVAL '2-3' YEAR TO MONTH
SELECT to_milliseconds(INTERVAL '1' DAY), to_milliseconds(INTERVAL '-1' SECOND)
SELECT DATE '2024-01-01' + INTERVAL '1' DAY * 3
SELECT DATE '2024-03-01' - DATE '2024-02-01', TIMESTAMP '2024-01-01 10:00:00' - TIMESTAMP '2024-01-02 09:30:00', DATE '2024-01-31' + INTERVAL '1' MONTH, TIMESTAMP '2024-03-31 10:00:00' - INTERVAL '1' MONTH
SELECT CAST(INTERVAL '1' DAY AS varchar)
SELECT CAST(INTERVAL '14' MONTH AS varchar)
SELECT k, sum(k) OVER (ORDER BY k RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING), sum(i) OVER (ORDER BY k ROWS 2 PRECEDING) FROM numbers ORDER BY k
SELECT dt, count(*) OVER (ORDER BY dt RANGE BETWEEN INTERVAL '1' DAY PRECEDING AND CURRENT ROW) FROM events ORDER BY dt
SELECT at, count(*) OVER (ORDER BY at RANGE BETWEEN INTERVAL '1' YEAR PRECEDING AND INTERVAL '3' YEAR FOLLOWING) FROM events ORDER BY at
SELECT count(*) >= 0 FROM numbers TABLESAMPLE BERNOULLI (50)
-- Time zones
SELECT TIMESTAMP '2024-01-01 10:00:00 UTC' AT TIME ZONE 'America/New_York', TIMESTAMP '2024-01-01 10:00:00' AT TIME ZONE 'Europe/Berlin', TIMESTAMP '2024-01-01 10:00:00 Europe/Berlin', TIMESTAMP '2024-07-01 10:00:00.123 +05:30', TIMESTAMP '2024-01-01 10:00:00 UTC' AT TIME ZONE '+02:00', TIMESTAMP '2024-01-01 10:00:00 Z', TIMESTAMP '1960-07-01 10:00:00 America/New_York', TIMESTAMP '2024-01-01 10:00:00-03:00'
SELECT TIMESTAMP '2024-03-31 02:30:00 Europe/Berlin'
SELECT TIMESTAMP '2024-01-01 10:00:00' AT TIME ZONE 'Nowhere/X'
SELECT at_timezone(TIMESTAMP '2024-01-01 10:00:00 UTC', '-08:00'), at_timezone(TIMESTAMP '2024-01-01 10:00:00 UTC', '+00:00'), at_timezone(TIMESTAMP '2024-01-01 10:00:00 UTC', 'Asia/Kathmandu'), with_timezone(TIMESTAMP '2022-11-01 09:08:07.321', 'America/Los_Angeles'), with_timezone(TIMESTAMP '2022-11-01 09:08:07', 'UTC')
SELECT TIMESTAMP '2024-01-01 10:00:00 Europe/Berlin' = TIMESTAMP '2024-01-01 09:00:00 UTC', TIMESTAMP '2024-01-01 10:00:00 Europe/Berlin' > TIMESTAMP '2024-01-01 09:00:00', CAST(TIMESTAMP '2024-01-01 10:00:00 Europe/Berlin' AS timestamp), CAST(TIMESTAMP '2024-01-01 00:30:00 Europe/Berlin' AS date), CAST(TIMESTAMP '2024-01-01 10:00:00 Europe/Berlin' AS varchar), CAST(TIMESTAMP '2024-01-01 10:00:00.12 Europe/Berlin' AS varchar), CAST(TIMESTAMP '2024-01-01 10:00:00' AS varchar), CAST(TIMESTAMP '2024-01-01 10:00:00.123 UTC' AS varchar)
SELECT hour(TIMESTAMP '2024-01-01 10:00:00 Europe/Berlin'), day(TIMESTAMP '2024-01-01 00:30:00 Asia/Tokyo'), timezone_hour(TIMESTAMP '2024-01-01 10:00:00 -03:30'), timezone_minute(TIMESTAMP '2024-01-01 10:00:00 -03:30'), extract(TIMEZONE_HOUR FROM TIMESTAMP '2024-07-01 10:00:00 Europe/Berlin'), to_unixtime(TIMESTAMP '2024-01-01 10:00:00 Europe/Berlin'), timezone_minute(TIMESTAMP '2024-01-01 10:00:00 +05:45'), year(TIMESTAMP '2024-01-01 00:30:00 +14:00'), day_of_week(TIMESTAMP '2024-01-01 00:30:00 Asia/Tokyo'), extract(HOUR FROM TIMESTAMP '2024-01-01 10:00:00 UTC')
SELECT date_trunc('day', TIMESTAMP '2024-07-01 10:00:00 Europe/Berlin'), date_trunc('hour', TIMESTAMP '2024-07-01 10:20:00 Asia/Kolkata'), date_trunc('month', TIMESTAMP '2024-04-15 10:20:00 Europe/Berlin'), date_add('hour', 24, TIMESTAMP '2024-03-30 02:30:00.000 Europe/Berlin'), TIMESTAMP '2024-03-30 02:30:00.000 Europe/Berlin' + INTERVAL '1' DAY, date_trunc('day', TIMESTAMP '2024-01-01 10:00:00 UTC'), date_add('hour', 1, TIMESTAMP '2024-01-01 10:00:00 UTC'), date_trunc('week', TIMESTAMP '2024-05-05 10:00:00 America/New_York')
SELECT date_add('hour', 24, TIMESTAMP '2024-03-30 02:30:00 Europe/Berlin')
SELECT date_add('day', 1, TIMESTAMP '2024-03-30 12:30:00 Europe/Berlin')
SELECT date_diff('hour', TIMESTAMP '2024-03-30 02:30:00 Europe/Berlin', TIMESTAMP '2024-03-31 03:30:00 Europe/Berlin'), date_diff('minute', TIMESTAMP '2024-03-30 02:30:00 UTC', TIMESTAMP '2024-03-30 02:30:00 Europe/Berlin'), date_format(TIMESTAMP '2024-01-01 10:00:00 Europe/Berlin', '%H:%i'), to_iso8601(TIMESTAMP '2024-01-01 10:00:00 Europe/Berlin'), to_iso8601(TIMESTAMP '2024-01-01 10:00:00.12 UTC'), format_datetime(TIMESTAMP '2024-01-01 10:00:00 Europe/Berlin', 'HH:mm')
SELECT date_diff('day', TIMESTAMP '2024-03-30 02:30:00 Europe/Berlin', TIMESTAMP '2024-03-31 12:30:00 Europe/Berlin')
SELECT at AT TIME ZONE 'Asia/Tokyo', hour(at AT TIME ZONE 'America/New_York'), to_unixtime(at AT TIME ZONE 'Asia/Tokyo') FROM events ORDER BY at
SELECT max(at AT TIME ZONE 'Asia/Tokyo'), count(at AT TIME ZONE 'Asia/Tokyo') FROM events
SELECT x, count(*) FROM (SELECT at AT TIME ZONE 'Europe/Berlin' AS x FROM events) t GROUP BY x ORDER BY x
SELECT coalesce(at AT TIME ZONE 'Europe/Berlin', TIMESTAMP '2024-01-01 00:00:00 UTC') FROM events ORDER BY at
SELECT ARRAY[TIMESTAMP '2024-01-01 00:00:00 Europe/Berlin'], ROW(TIMESTAMP '2024-01-01 00:00:00 Europe/Berlin')
SELECT TIMESTAMP '2024-01-01 00:00:00 Europe/Berlin' UNION ALL SELECT TIMESTAMP '2024-01-01 00:00:00 UTC'
SELECT from_unixtime(0, 'Europe/Berlin'), from_unixtime(1.5, 'UTC'), from_unixtime(-1.5), from_unixtime(1e0/3), from_unixtime(1.7e9)
SELECT from_unixtime(0, 5, 30)
SELECT current_timestamp AT TIME ZONE 'UTC' = current_timestamp, typeof(current_timestamp AT TIME ZONE 'Europe/Berlin'), timezone_hour(current_timestamp)
-- ISO 8601 and formats of times
SELECT to_iso8601(TIMESTAMP '2024-01-01 10:00:00'), to_iso8601(TIMESTAMP '2024-01-01 10:00:00.1'), to_iso8601(TIMESTAMP '2024-01-01 10:00:00.123'), to_iso8601(TIMESTAMP '1969-12-31 23:59:59.999'), to_iso8601(DATE '2024-01-01')
SELECT to_iso8601(at), to_iso8601(dt) FROM events ORDER BY at
SELECT from_iso8601_timestamp('2020-132')
SELECT from_iso8601_timestamp('2020-05-11T11:15:05'), from_iso8601_timestamp('2020-05-11T11:15:05.055+01:00'), from_iso8601_timestamp('2020-05-11'), from_iso8601_timestamp('2020-05-11T11:15:05Z'), from_iso8601_timestamp('2020-05-11T11:15'), from_iso8601_timestamp('2020-05-11T11'), from_iso8601_timestamp('2020-05'), from_iso8601_timestamp('2020'), from_iso8601_timestamp('2020-W10-1'), from_iso8601_timestamp('2020-05-11T11:15:05.1234567Z'), from_iso8601_timestamp('2020-05-11T11:15:05+0100'), from_iso8601_timestamp('2020-05-11T11:15:05-07:30')
SELECT from_iso8601_timestamp('x')
SELECT from_iso8601_timestamp('2020-05-11 11:15:05')
SELECT from_iso8601_timestamp(to_iso8601(at)) FROM events ORDER BY at
SELECT from_iso8601_date('2020-05-11'), from_iso8601_date('2020-W10'), from_iso8601_date('2020-W10-3'), from_iso8601_date('2020-123'), from_iso8601_date('2020-05'), from_iso8601_date('2020')
SELECT from_iso8601_date('2020-13-01')
SELECT from_iso8601_date('x')
SELECT from_iso8601_date('2020-02-30')
SELECT format_datetime(TIMESTAMP '2024-02-29 13:04:05.678', 'yyyy-MM-dd HH:mm:ss.SSS'), format_datetime(TIMESTAMP '2024-02-29 13:04:05.678', 'yy M d H m s S'), format_datetime(TIMESTAMP '2024-02-29 13:04:05', 'EEE EEEE MMM MMMM a h hh K k'), format_datetime(TIMESTAMP '2024-02-29 13:04:05', 'D w e x xxxx Y'), format_datetime(TIMESTAMP '2024-02-29 13:04:05', '''T''HH '''''), format_datetime(TIMESTAMP '2024-02-29 13:04:05', 'yyyy.MM/dd,E;'), format_datetime(TIMESTAMP '2024-02-29 13:04:05', 'YYYY'), format_datetime(TIMESTAMP '2024-02-29 13:04:05', 'yyyyMMdd'), format_datetime(TIMESTAMP '2024-02-29 13:04:05', 'ww'), format_datetime(TIMESTAMP '2024-02-29 13:04:05', 'DDD'), format_datetime(TIMESTAMP '2024-02-29 00:04:05', 'h:mm a'), format_datetime(DATE '2024-02-29', 'yyyy'), format_datetime(TIMESTAMP '0999-12-31 00:00:00', 'yyyy-x')
SELECT format_datetime(TIMESTAMP '2024-02-29 13:04:05', 'b')
SELECT format_datetime(TIMESTAMP '2024-02-29 13:04:05', 'ZZ z')
SELECT format_datetime(at, 'yyyy-MM-dd''T''HH:mm:ss.SSS') FROM events ORDER BY at
SELECT parse_datetime('2024-02-29 13:04', 'yyyy-MM-dd HH:mm'), parse_datetime('29/02/2024', 'dd/MM/yyyy'), parse_datetime('2024-02', 'yyyy-MM')
SELECT parse_datetime('x', 'yyyy')
SELECT date_format(TIMESTAMP '2022-01-02 05:10:00', '%v %x'), date_format(TIMESTAMP '2022-01-02 15:10:09.123', '%f %r %T %y %b %M %W %a %j %e %c %k %l %h %I %p %S %s %i'), date_format(TIMESTAMP '2022-01-02 05:10:00', '%z %q %%'), date_format(TIMESTAMP '2022-01-02 05:10:00', '100%'), date_format(DATE '2024-02-29', '%Y/%m/%d'), date_format(TIMESTAMP '1969-12-31 23:59:59.999', '%Y %H %f')
SELECT date_format(TIMESTAMP '2022-01-02 05:10:00', '%D')
SELECT date_format(TIMESTAMP '2022-01-02 05:10:00', '%V')
SELECT date_format(TIMESTAMP '2022-01-02 05:10:00', '%w')
SELECT date_parse('15/Jan/2024', '%d/%b/%Y'), date_parse('January 5, 2024', '%M %e, %Y'), date_parse('24-1-5 3:04 PM', '%y-%c-%e %l:%i %p'), date_parse('2024-02-29 13:04:05.123', '%Y-%m-%d %H:%i:%s.%f'), date_parse('2024-01-05T10:00:00Z', '%Y-%m-%dT%H:%i:%sZ'), date_parse('70-01-01', '%y-%m-%d'), date_parse('69-01-01', '%y-%m-%d'), date_parse('jan 5 2024', '%b %e %Y'), date_parse('2024-01-05 1.5', '%Y-%m-%d %s.%f'), date_parse('20240105', '%Y%m%d'), date_parse('12:30 AM 2024', '%h:%i %p %Y'), date_parse('2024', '%Y'), date_parse('2024-1-5', '%Y-%m-%d')
SELECT date_parse('15/Xyz/2024', '%d/%b/%Y')
SELECT date_parse('2024-01-05 ', '%Y-%m-%d')
SELECT date_parse('2024-01-05', '%Y-%m-%d %H')
SELECT date_parse('2024-01-05 25', '%Y-%m-%d %H')
SELECT date_parse('24', '%Y')
SELECT date_parse('12024-01-01', '%Y-%m-%d')
SELECT date_parse('+2024-01-01', '%Y-%m-%d')
SELECT date_parse('2024-001-01', '%Y-%m-%d')
SELECT date_parse('13 PM 2024', '%h %p %Y')
SELECT date_parse('Thu 2024', '%a %Y')
SELECT TRY(date_parse('x', '%Y')), TRY(from_iso8601_date('x'))
-- Aggregates by formula
SELECT bitwise_and_agg(x), bitwise_or_agg(x), bitwise_xor_agg(x) FROM (VALUES 5, 3, NULL) t(x)
SELECT bitwise_and_agg(k), bitwise_or_agg(b) FROM numbers WHERE k > 9
SELECT kurtosis(x) FROM (VALUES 1e0, 2e0, 3e0, 10e0) t(x)
SELECT kurtosis(x) FROM (VALUES 1e0, 2e0, 3e0) t(x)
SELECT kurtosis(y) FROM numbers
SELECT approx_percentile(k, 0.5), approx_percentile(y, 0.5), approx_percentile(i, 0.9), approx_percentile(k, 0e0), approx_percentile(k, 1e0) FROM numbers
SELECT t, approx_percentile(y, 0.25) FROM numbers GROUP BY t ORDER BY t
SELECT approx_percentile(k, 1.5) FROM numbers
SELECT approx_percentile(x, 0.5) FROM numbers
SELECT approx_percentile(k, 0.5) FROM numbers WHERE k > 9
SELECT approx_percentile(n, 0.5), approx_percentile(n, 0.1) FROM UNNEST(sequence(1, 78)) AS u(n)
SELECT approx_percentile(n, 0.5) FROM UNNEST(sequence(1, 1000)) AS u(n)
SELECT max_by(s, y), min_by(s, y), max_by(k, d) FROM numbers
SELECT max_by(s, x) FROM numbers
SELECT max_by(k, t) FROM numbers
SELECT max_by(s, y, 2) FROM numbers
SELECT geometric_mean(x) FROM (VALUES 1e0, 2e0, 4e0) t(x)
SELECT skewness(x) FROM (VALUES 1e0, 2e0, 3e0, 10e0) t(x)
SELECT map_agg(k, s) FROM numbers WHERE k = 1
SELECT approx_distinct(k) FROM numbers
-- Functions of numbers at their edges
SELECT ln(0e0), ln(-1e0), log10(-1e0), log10(0e0), log2(-1e0), sqrt(-1e0), acos(2e0), asin(-2e0), log(2e0, -1e0), cbrt(-8e0), exp(1000e0), power(0e0, -1e0), power(-8e0, 0.5)
SELECT ln(nan()), sqrt(infinity()), exp(-infinity()), abs(nan()), round(nan()), floor(-0e0), ceil(-0.5), sign(nan()), sign(-0e0), truncate(-1.9), mod(5e0, 0e0), 5e0 % 0e0, 1e0 / 0e0, 0e0 / 0e0, -1e0 / 0e0
SELECT mod(-7, 3), -7 % 3, 7 / -2, -7 / 2, mod(7, -3), mod(-7e0, 3e0), abs(-9223372036854775807), 5 / 2, 5 % 2
SELECT mod(1, 0)
SELECT abs(-9223372036854775807 - 1)
SELECT 9223372036854775807 + 1
SELECT -(-2147483647 - 1)
SELECT round(25, -1)
SELECT round(-25, -1)
SELECT round(CAST(155 AS bigint), -1)
SELECT round(2.5e0), round(-2.5e0), round(2.345e0, 2), round(1234.5e0, -2), round(1e300), round(0.5e0), round(-0.4e0), round(1.005e0, 2), round(25)
SELECT width_bucket(15e0, 0, 100, 10), width_bucket(-1e0, 0, 100, 10), width_bucket(100e0, 0, 100, 10), width_bucket(100.1e0, 0, 100, 10), width_bucket(5e0, 10, 0, 5), width_bucket(3.14E0, ARRAY[1.0, 2.0, 4.0]), width_bucket(0e0, ARRAY[0e0, 1e0]), width_bucket(10e0, 10, 0, 5), width_bucket(0e0, 10, 0, 5), width_bucket(11e0, 10, 0, 5), width_bucket(infinity(), 0, 1, 1)
SELECT width_bucket(nan(), 0, 1, 1)
SELECT width_bucket(1e0, 0, 0, 1)
SELECT width_bucket(1e0, 0, 1, 0)
SELECT width_bucket(1e0, ARRAY[2e0, 1e0])
SELECT sinh(1e0)
SELECT cosh(1e0)
SELECT tanh(1e0)
SELECT sin(infinity()), cos(0e0), tan(0e0), atan(infinity()), atan2(1e0, 0e0), degrees(pi()), radians(180e0)
SELECT greatest(1, 2, NULL), least(1e0, 2), greatest('a', 'b'), least(DATE '2024-01-01', DATE '2023-01-01'), greatest(1, 2.5)
SELECT infinity() > 1e308, nan() > 1, nan() = nan(), nan() <> nan(), nan() IS DISTINCT FROM nan(), is_nan(nan()), is_finite(infinity()), is_infinite(-infinity()), -0e0 = 0e0
SELECT x FROM (VALUES 1e0, nan(), infinity(), -infinity(), NULL) t(x) ORDER BY x
SELECT x FROM (VALUES 1e0, nan(), infinity(), -infinity(), NULL) t(x) ORDER BY x DESC
SELECT max(x), min(x) FROM (VALUES 1e0, nan(), infinity()) t(x)
SELECT count(*), x FROM (VALUES nan(), nan(), 0e0, -0e0) t(x) GROUP BY x ORDER BY 1, 2
-- Casts of text to numbers and times
SELECT TRY_CAST('NaN' AS double)
SELECT TRY_CAST('x' AS double), TRY_CAST('1e5' AS double), TRY_CAST('' AS double), TRY_CAST('1' AS integer), TRY_CAST('1.5' AS integer), TRY_CAST('9999999999' AS integer), TRY_CAST('2024-02-30' AS date), TRY_CAST('x' AS date), TRY_CAST('yes' AS boolean), TRY_CAST('TRUE' AS boolean)
SELECT TRY_CAST(' 7' AS integer)
SELECT TRY_CAST('7f' AS double)
SELECT TRY_CAST(' 2024-01-01' AS date)
SELECT CAST('1.50' AS decimal(5,2)), CAST('-0.005' AS decimal(5,2)), CAST('.5' AS decimal(5,2)), CAST('5.' AS decimal(5,2)), CAST('+1' AS decimal(5,2)), CAST(1.005e0 AS decimal(5,2)), CAST(-2.5e0 AS decimal(5,0)), CAST(0.1 AS decimal(10,5))
SELECT CAST('1000' AS decimal(5,2))
SELECT CAST('x' AS decimal(5,2))
SELECT CAST(1e10 AS decimal(5,2))
SELECT CAST(nan() AS decimal(5,2))
SELECT CAST(true AS date)
SELECT CAST(DATE '2024-01-01' AS boolean)
SELECT CAST(ARRAY[1] AS integer)
SELECT CAST(1 AS array(integer))
SELECT CAST(ARRAY[1] AS varchar)
SELECT CAST(TIMESTAMP '2024-01-01 00:00:00' AS bigint)
SELECT CAST(1e0 AS timestamp)
SELECT CAST(X'61' AS varchar)
SELECT CAST('a' AS varbinary)
SELECT CAST(DECIMAL '0' AS boolean)
SELECT CAST(true AS decimal(3,1))
SELECT CAST(true AS double), CAST(true AS varchar), CAST(0 AS boolean), CAST(2.5 AS boolean), CAST(1.5e0 AS real), CAST(DECIMAL '1.5' AS real)
SELECT CAST(1.5e0 AS varchar), CAST(1e10 AS varchar), CAST(0e0 AS varchar), CAST(1e-3 AS varchar), CAST(CAST(1.5e0 AS real) AS varchar), CAST(nan() AS varchar), CAST(-infinity() AS varchar), CAST(123456.789e0 AS varchar)
SELECT CAST(y AS varchar), CAST(x AS varchar), y FROM numbers ORDER BY k
SELECT CAST(MAP(ARRAY[1], ARRAY[2]) AS map(varchar, double))
SELECT CAST(ROW(1, 'a') AS ROW(x bigint, y varchar)), CAST(ARRAY[1, 2] AS array(varchar)), CAST(ROW(1, 2) AS ROW(a varchar, b double)).a
SELECT CAST('2024-01-01 10:00:00.123' AS timestamp), CAST('2024-01-01 10:00:00' AS timestamp), CAST('2024-01-01' AS timestamp), CAST('2024-01-01' AS date)
SELECT CAST('2024-01-01 10:00' AS timestamp)
SELECT CAST('2024-01-01T10:00:00' AS timestamp)
SELECT CAST('2024-01-01 10:00:00 UTC' AS timestamp with time zone)
-- Ties
SELECT max_by(k, t), min_by(k, t) FROM numbers
SELECT max_by(s, k), min_by(s, k), max_by(k, i) FROM numbers
SELECT dt, max_by(coin, price), min_by(coin, price) FROM events GROUP BY dt ORDER BY dt
SELECT skewness(x), kurtosis(x) FROM (VALUES 1e0, 1e0, 1e0, 1e0) t(x)
SELECT skewness(x), kurtosis(x), geometric_mean(x) FROM (VALUES CAST(NULL AS double)) t(x)
SELECT geometric_mean(x) FROM (VALUES 1e0, -1e0) t(x)
SELECT skewness(y), geometric_mean(k) FROM numbers
-- Found by composing queries
SELECT typeof(1 / 0)
SELECT typeof(9223372036854775807 + 1), TRY(regexp_replace('abc', 'b', x -> 'z'))
SELECT typeof(regexp_like('a', '(?P<n>a)'))
SELECT typeof(NULL), typeof(ARRAY[1]), typeof(ROW(1, 'a')), typeof(s), typeof(count(*)) FROM numbers GROUP BY s ORDER BY s
SELECT CASE WHEN k = 1 THEN regexp_extract(s, 'b', 5) ELSE 'x' END FROM numbers
SELECT CASE WHEN k > 100 THEN regexp_extract(s, 'b', 5) ELSE 'x' END FROM numbers
SELECT coalesce('x', regexp_extract('a', 'b', 5))
SELECT if(true, 1, CAST('7f' AS double))
SELECT TRY(CAST('7f' AS double))
SELECT count(*) FROM numbers n JOIN events e ON regexp_like(e.coin, 'bit') AND n.k < 3
SELECT date_trunc('month', at), max_by(coin, price) FROM events WHERE price > 0 GROUP BY date_trunc('month', at) ORDER BY 1
SELECT avg(d) OVER (PARTITION BY t) FROM numbers ORDER BY k
SELECT 1 BETWEEN 2 AND NULL
SELECT k BETWEEN 100 AND NULL, k NOT BETWEEN 100 AND NULL FROM numbers ORDER BY k
SELECT x BETWEEN y AND NULL, nan() BETWEEN y AND NULL FROM numbers ORDER BY k
SELECT x NOT BETWEEN y AND NULL, nan() NOT BETWEEN y AND NULL FROM numbers ORDER BY k
SELECT nan() BETWEEN NULL AND y, x BETWEEN NULL AND y FROM numbers ORDER BY k
SELECT x BETWEEN y AND CAST(NULL AS double) FROM numbers ORDER BY k
SELECT x BETWEEN y AND nullif(y, y) FROM numbers ORDER BY k
SELECT CAST('a' AS bigint) FROM numbers WHERE false
SELECT CAST('a' AS bigint) FROM numbers WHERE k > 100
SELECT 1 / 0 FROM numbers WHERE k > 100
SELECT k, 1 / 0 FROM numbers WHERE 1 = 0
SELECT sum(1 / 0) FROM numbers WHERE k > 100
SELECT if(k > 100, 1 / 0, 2) FROM numbers ORDER BY k
SELECT CASE WHEN k > 100 THEN CAST('a' AS bigint) ELSE 1 END FROM numbers ORDER BY k
SELECT coalesce(k, 1 / 0) FROM numbers ORDER BY k
SELECT k FROM numbers WHERE k > 100 AND 1 / 0 = 1
SELECT k FROM numbers WHERE 1 / 0 = 1 AND k > 100
SELECT array_join(ARRAY[1e10, 1.5, NULL], ',')
SELECT array_join(ARRAY[1, NULL, 2], ',', '-')
SELECT array_join(ARRAY[DECIMAL '1.10'], ','), array_join(ARRAY[true], '|'), array_join(ARRAY[DATE '2024-01-01'], '|')
SELECT array_join(ARRAY[TIMESTAMP '2024-01-01 00:00:00.000'], '|')
SELECT array_join(ARRAY['a'], NULL), array_join(NULL, 'a')
SELECT row_number() OVER (ORDER BY k ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM numbers
SELECT rank() OVER (ORDER BY k ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM numbers
SELECT cume_dist() OVER (ORDER BY k ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM numbers
SELECT ntile(2) OVER (ORDER BY k ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM numbers
SELECT lag(k) OVER () FROM numbers
SELECT rank() OVER () FROM numbers
SELECT ntile(2) OVER (PARTITION BY 1) FROM numbers
SELECT first_value(k) OVER () FROM numbers WHERE k = 1
SELECT stddev_pop(x), var_pop(x), stddev(x), var_samp(x) FROM numbers WHERE k = 2
SELECT stddev_pop(x), var_pop(x), stddev(x), var_samp(x) FROM numbers WHERE k = 3
SELECT stddev_pop(x), var_pop(x), stddev(x), var_samp(x) FROM numbers WHERE k IN (1, 2)
SELECT stddev_pop(x), var_pop(x), stddev(x), var_samp(x) FROM numbers WHERE k IN (1, 3)
SELECT corr(x, y), covar_pop(x, y), covar_samp(x, y) FROM numbers WHERE k IN (1, 2)
SELECT corr(x, y), covar_pop(x, y), covar_samp(x, y) FROM numbers WHERE k = 2
SELECT regr_slope(x, y), regr_intercept(x, y) FROM numbers WHERE k IN (1, 2)
SELECT corr(x, y), covar_pop(x, y) FROM numbers WHERE k IN (1, 3)
SELECT skewness(x), kurtosis(x) FROM numbers
SELECT avg(x), sum(x) FROM numbers WHERE k IN (3, 4)
SELECT substr(s, b) FROM numbers ORDER BY k
SELECT substr(s, 1, b) FROM numbers ORDER BY k
SELECT TRY_CAST(1 / 0 AS varchar)
SELECT TRY_CAST(CAST('x' AS bigint) AS varchar)
SELECT TRY_CAST(CAST(s AS bigint) AS double) FROM numbers ORDER BY k
SELECT contains(ARRAY[1], NULL), contains(ARRAY[1, NULL], 2), contains(ARRAY[NULL], 1)
SELECT max(s), min(s), max(dt) FROM numbers, events
SELECT count(DISTINCT x), count(DISTINCT y) FROM numbers
SELECT x, count(*) FROM numbers GROUP BY x ORDER BY 2, 1
SELECT split('a,b', ','), split_part('a,b', ',', 2147483648)
SELECT format('%s', x) FROM numbers ORDER BY k
SELECT k FROM numbers ORDER BY k FETCH FIRST 2 ROWS WITH TIES
SELECT k FROM numbers ORDER BY k FETCH FIRST 2 ROWS ONLY
SELECT concat(CAST('a' AS char(3)), 'b')
SELECT TIME '01:02:03' + INTERVAL '1' HOUR
SELECT max(k, 2), min(s, 1) FROM numbers
SELECT count(*) FROM numbers WHERE s LIKE s
SELECT nth_value(k, 2) OVER (ORDER BY k) FROM numbers ORDER BY k
SELECT bitwise_left_shift(1, 40), bitwise_right_shift(-1, 1)
SELECT x FROM numbers ORDER BY x
SELECT x FROM numbers ORDER BY x DESC
SELECT greatest(x, y), least(x, y) FROM numbers WHERE k > 2 ORDER BY k
SELECT rank() OVER (ORDER BY x) FROM numbers ORDER BY k
SELECT TRY_CAST(hour(parse_datetime('a,b,,c', 'yyyy-MM-dd')) AS json)
SELECT TRY_CAST(CAST(s AS timestamp) AS date) FROM numbers ORDER BY k
SELECT k, lead(round(x, -1), 2) OVER (ORDER BY y, k ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS v FROM numbers ORDER BY k
SELECT k, stddev_pop(nullif(nan(), y)) OVER (ORDER BY k ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS v FROM numbers ORDER BY k
SELECT array_join(tags, about.site) FROM events ORDER BY at
SELECT substring('2024-02-29', b, b) AS g, count(s) AS v FROM numbers GROUP BY substring('2024-02-29', b, b)
SELECT rank() OVER w, lag(k) OVER w FROM numbers WINDOW w AS (ORDER BY k ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
SELECT lag(k) OVER w FROM numbers WINDOW w AS (PARTITION BY t)
SELECT CAST(try(CASE i WHEN i THEN TIMESTAMP '1969-12-31 00:00:00.001' END) AS varchar) AS v FROM numbers ORDER BY k
SELECT json_extract_scalar(NULL, '$[0]')
SELECT max(DISTINCT soundex(s)) AS v FROM numbers
SELECT soundex('é')
SELECT chr(3000000000)
SELECT chr(-1)
SELECT chr(1114112)
SELECT codepoint('')
SELECT codepoint('a'), codepoint('😀'), codepoint(NULL)
SELECT DISTINCT regexp_position(rpad(about.site, -1, 'ab'), '', 2, TRY_CAST(NULL AS integer)) AS v FROM events
SELECT avg(DISTINCT b) AS v FROM numbers
SELECT avg(DISTINCT k), avg(DISTINCT i) FROM numbers
SELECT CASE (1 - rank) WHEN codepoint('') THEN 1 END AS v FROM events ORDER BY at
SELECT k, first_value(k) OVER (PARTITION BY (d < d) ORDER BY x NULLS FIRST, k ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS v FROM numbers ORDER BY k
