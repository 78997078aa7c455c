-- count
SELECT COUNT(*) FROM {t}
SELECT count(*) FROM {t}

-- rows a day
SELECT day, COUNT(*) FROM {t} GROUP BY day
SELECT day, count(*) FROM {t} GROUP BY day

-- sums of one day
SELECT name, SUM(amount) FROM {t} WHERE day = '2026-01-07' GROUP BY 1
SELECT name, sum(amount) FROM {t} WHERE day = DATE '2026-01-07' GROUP BY 1

-- users
SELECT COUNT(DISTINCT user) FROM {t}
SELECT count(DISTINCT user) FROM {t}

-- users a day
SELECT day, COUNT(DISTINCT user) FROM {t} GROUP BY day
SELECT day, count(DISTINCT user) FROM {t} GROUP BY day

-- a record's fields
SELECT device.kind, device.os, COUNT(*), MAX(device.version) FROM {t} GROUP BY 1, 2
SELECT device.kind, device.os, count(*), max(device.version) FROM {t} GROUP BY 1, 2

-- a parameter by its key
SELECT COUNT((SELECT n FROM UNNEST(params) WHERE key = 'session')) FROM {t}
SELECT count(list_extract(list_filter(params, lambda p: p.key = 'session'), 1).n) FROM {t}

-- rows of arrays
SELECT p.key, COUNT(*), COUNT(p.n) FROM {t}, UNNEST(params) AS p GROUP BY 1
SELECT p.key, count(*), count(p.n) FROM (SELECT unnest(params) AS p FROM {t}) GROUP BY 1

-- what sells
SELECT i.sku, SUM(i.count) AS n FROM {t}, UNNEST(items) AS i GROUP BY 1 ORDER BY n DESC, 1 LIMIT 20
SELECT i.sku, sum(i.count)::BIGINT AS n FROM (SELECT unnest(items) AS i FROM {t}) GROUP BY 1 ORDER BY n DESC, 1 LIMIT 20

-- rows with items
SELECT COUNTIF(ARRAY_LENGTH(items) > 1) FROM {t}
SELECT count(*) FILTER (len(items) > 1) FROM {t}

-- hours
SELECT EXTRACT(HOUR FROM ts), COUNT(*) FROM {t} GROUP BY 1
SELECT extract(hour FROM ts AT TIME ZONE 'UTC'), count(*) FROM {t} GROUP BY 1

-- weeks
SELECT DATE_TRUNC(day, ISOWEEK), COUNT(*) FROM {t} GROUP BY 1
SELECT date_trunc('week', day)::DATE, count(*) FROM {t} GROUP BY 1

-- texts that begin so
SELECT COUNT(*) FROM {t} WHERE user LIKE 'user 12%'
SELECT count(*) FROM {t} WHERE user LIKE 'user 12%'

-- a regular expression
SELECT COUNT(*) FROM {t} WHERE REGEXP_CONTAINS(user, r'1[0-4]+$')
SELECT count(*) FROM {t} WHERE regexp_matches(user, '1[0-4]+$')

-- upper case
SELECT UPPER(name), MIN(user) FROM {t} GROUP BY 1
SELECT upper(name), min(user) FROM {t} GROUP BY 1

-- a user's first row
SELECT COUNT(*) FROM (SELECT user FROM {t} WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY user ORDER BY ts, name) = 1)
SELECT count(*) FROM (SELECT user FROM {t} QUALIFY row_number() OVER (PARTITION BY user ORDER BY ts, name) = 1)

-- a running sum
SELECT MAX(s) FROM (SELECT SUM(device.version) OVER (PARTITION BY day ORDER BY ts, user) AS s FROM {t})
SELECT max(s)::BIGINT FROM (SELECT sum(device.version) OVER (PARTITION BY day ORDER BY ts, user) AS s FROM {t})

-- who bought after a view
SELECT COUNT(*) FROM (SELECT DISTINCT user FROM {t} WHERE name = 'buy') JOIN (SELECT DISTINCT user FROM {t} WHERE name = 'view') USING (user)
SELECT count(*) FROM (SELECT DISTINCT user FROM {t} WHERE name = 'buy') JOIN (SELECT DISTINCT user FROM {t} WHERE name = 'view') USING (user)

-- cases
SELECT CASE WHEN amount < 10 THEN 'low' WHEN amount < 100 THEN 'mid' ELSE 'high' END AS c, AVG(amount) FROM {t} GROUP BY c
SELECT CASE WHEN amount < 10 THEN 'low' WHEN amount < 100 THEN 'mid' ELSE 'high' END AS c, avg(amount) FROM {t} GROUP BY c

-- the largest hundred
SELECT user, ts FROM {t} ORDER BY amount DESC, ts, user LIMIT 100
SELECT user, epoch_us(ts) FROM {t} ORDER BY amount DESC, ts, user LIMIT 100
