begin;
select plan(6);

create temp view ours as
select p.*, p.oid::regprocedure::text as name
from pg_catalog.pg_proc p
where p.pronamespace in ('public'::regnamespace, 'relay'::regnamespace)
  and not exists (select 1 from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e');

select isnt_empty('select name from ours', 'there are functions');
select is_empty(
  $$ select name from ours where not 'search_path=""' = any (coalesce(proconfig, '{}')) $$,
  'each has an empty search_path'
);
select is_empty(
  $$ select name from ours where obj_description(oid, 'pg_proc') is null $$, 'each has a comment'
);
select set_eq(
  $$ select proname::text from ours where prosecdef $$, array['owns_bot'], 'one is a definer, and says why'
);
select is_empty(
  $$ select name from ours where proname <> lower(proname) $$, 'each name is in lower case'
);
-- Without comments, strings and quoted names.
select is_empty(
  $$ select name from ours
    where regexp_replace(prosrc, '--[^\n]*|''[^'']*''|"[^"]*"', '', 'g') ~ '\m[A-Z]{2,}\M' $$,
  'and so is what it says'
);

select * from finish();
rollback;
