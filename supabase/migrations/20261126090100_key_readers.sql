-- Adopted bots have keys, and what the project made over them may go on showing these: a view and a function have the
-- rights of their owners. So they are named, and nothing is adopted until they are gone or accepted.
create schema relay;
revoke all on schema relay from public;
grant usage on schema relay to service_role;
comment on schema relay is 'State of the Storytellr relay; the functions public.relay_* are the only way in.';

create function relay.key_readers() returns table (reader text, role text)
language plpgsql stable set search_path = '' as $$
declare
  v_bots constant regclass := to_regclass('public.bots');
begin
  return query
  with recursive trusted as (
    select r.oid, r.rolname from pg_catalog.pg_roles r
    where r.rolsuper or r.rolname in ('postgres', 'service_role', 'supabase_admin')
      or r.oid = (select c.relowner from pg_catalog.pg_class c where c.oid = v_bots)
  ), secret as (
    select a.attnum, a.attname, a.attacl from pg_catalog.pg_attribute a
    where a.attrelid = v_bots and a.attname in ('access_key', 'headers') and not a.attisdropped
  ), reading as (
    -- A whole row names no column; it is a variable without a number.
    select w.ev_class as oid
    from pg_catalog.pg_depend d
    join pg_catalog.pg_rewrite w on w.oid = d.objid and d.classid = 'pg_catalog.pg_rewrite'::regclass
    where d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = v_bots
      and (d.refobjsubid in (select s.attnum from secret s) or w.ev_action::text ~ ':varattno 0 ')
    union
    select w.ev_class
    from reading r
    join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = r.oid
    join pg_catalog.pg_rewrite w on w.oid = d.objid and d.classid = 'pg_catalog.pg_rewrite'::regclass
  ), relation as (
    select c.oid, c.relacl, case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as kind
    from pg_catalog.pg_class c
    where c.oid = v_bots or c.oid in (select i.inhrelid from pg_catalog.pg_inherits i where i.inhparent = v_bots)
      -- One with "security_invoker" asks for the rights of its reader.
      or c.oid in (select r.oid from reading r) and not coalesce(
        c.relkind = 'v' and c.reloptions && '{security_invoker=true,security_invoker=on,security_invoker=1}'::text[], false
      )
  ), granted as (
    select r.kind || ' ' || r.oid::regclass as reader, g.grantee
    from relation r, aclexplode(r.relacl) g where g.privilege_type = 'SELECT'
    union
    select r.kind || ' ' || r.oid::regclass, g.grantee
    from relation r
    join pg_catalog.pg_attribute a on a.attrelid = r.oid and not a.attisdropped
    cross join aclexplode(a.attacl) g
    where g.privilege_type = 'SELECT' and (r.oid <> v_bots or a.attnum in (select s.attnum from secret s))
  )
  select g.reader, case when g.grantee = 0 then 'public' else g.grantee::regrole::text end
  from granted g where g.grantee not in (select t.oid from trusted t)
  union all
  select 'publication ' || p.pubname, null from pg_catalog.pg_publication_tables p
  where p.schemaname = 'public' and p.tablename = 'bots' and p.attnames && (select array_agg(s.attname) from secret s)
  union all
  select case when p.prosecdef then 'security definer ' else '' end || 'function ' || p.oid::regprocedure, null
  from pg_catalog.pg_proc p
  cross join lateral (select coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as body) f
  where v_bots is not null and p.prokind in ('f', 'p')
    and p.pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'relay'::regnamespace)
    and not exists (select 1 from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e')
    -- The relay's own.
    and not (p.pronamespace = 'public'::regnamespace
      and p.proname ~ '^(relay_.*|own_bots|bots_touch|bots_note_given|bots_keep_secrets|conversations_check_bot)$')
    and (
      f.body ~* '\maccess_key\M' or p.prosecdef and f.body ~* '\mbots\M'
      -- A trigger that hands on whole rows.
      or f.body ~* '\m(new|old)\M(?!\s*(\.\s*\w|;|(is|then)\M))' and exists (
        select 1 from pg_catalog.pg_trigger t where t.tgrelid = v_bots and t.tgfoid = p.oid
      )
    );
end;
$$;
comment on function relay.key_readers is
  'What besides the relay can read bots.access_key or bots.headers, as far as the catalogue shows it; run it at times.';

do $$
declare
  v_readers text;
begin
  -- What clients were granted on the table itself is taken back by a later migration.
  select string_agg(distinct r.reader || coalesce(' (' || r.role || ')', ''), ', ') into v_readers
  from relay.key_readers() r
  where r.reader <> 'table public.bots' or r.role not in ('public', 'anon', 'authenticated');
  if v_readers is not null
    and coalesce(obj_description(to_regclass('public.bots'), 'pg_class'), '') <> 'The readers of its keys are accepted'
  then
    raise exception using
      message = format('Cannot adopt public.bots: its keys can be read by %s', v_readers),
      hint = 'Drop these or revoke their rights, and push the migrations again. If all of them may read keys: comment on '
        'table public.bots is ''The readers of its keys are accepted''.';
  end if;
end;
$$;
