begin;
select plan(3);

create temp table ends as
with known as (
  select c.conname, regexp_matches(pg_get_constraintdef(c.oid), '''(\w+)''::text', 'g') as word
  from pg_catalog.pg_constraint c
  where c.conname in ('generations_status_is_known', 'generations_error_code_is_known')
)
select status, code
from (select word[1] as status from known where conname = 'generations_status_is_known') statuses
left join (select word[1] as code from known where conname = 'generations_error_code_is_known') codes
  on status in ('failed', 'interrupted')
where status <> 'running';

select is((select count(*) from ends), 21::bigint, 'so many ends a generation can have');
select is_empty(
  $$ select * from ends where not exists (
    select 1 from relay.series s
    where s.name = 'generations_ended_total' and s.labels = relay.end_labels(ends.status, ends.code)
  ) $$, 'each has a series'
);
select is_empty(
  $$ select * from ends where not exists (
    select 1 from relay.series s
    where s.name = 'generations_recovered_total' and s.labels = relay.end_labels(ends.status, null)
  ) $$, 'also where its worker brings it late'
);

select * from finish();
rollback;
