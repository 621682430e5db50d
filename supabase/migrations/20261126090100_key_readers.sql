-- Adopted bots have keys, and the project's own views and functions, which have the rights of their owners, may still
-- show them. So these are named, and nothing is adopted until they are gone or accepted. One file, because a refusal
-- must leave nothing behind.
create schema relay;
revoke all on schema relay from public;
grant usage on schema relay to service_role;
comment on schema relay is 'State of the Storytellr relay; the functions public.relay_* are the only way in.';

create function relay.key_holders() returns table (holder oid, columns smallint[])
language sql stable set search_path = '' as $$
  with recursive named as (
    select a.attrelid, a.attnum, a.attname from pg_catalog.pg_attribute a
    where a.attname in ('access_key', 'headers') and a.attnum > 0 and not a.attisdropped
  ), secret as (
    select n.attrelid, n.attnum from named n
    union
    -- Columns that are generated from a key.
    select f.adrelid, f.adnum
    from pg_catalog.pg_attrdef f
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_attrdef'::regclass and d.objid = f.oid
    join named n on n.attrelid = f.adrelid and n.attnum = d.refobjsubid
    where d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = f.adrelid
  ), held as (
    select to_regclass('public.bots')::oid as oid where to_regclass('public.bots') is not null
    union
    -- Vault's view shows the keys that are in it.
    select c.oid
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'vault' and c.relname = 'decrypted_secrets' and c.relkind = 'v'
    union
    -- A copy.
    select k.attrelid
    from named k
    join pg_catalog.pg_attribute p on p.attrelid = k.attrelid and p.attname = 'access_path' and not p.attisdropped
    join pg_catalog.pg_class c on c.oid = k.attrelid and c.relkind in ('r', 'p', 'f')
    where k.attname = 'access_key' and to_regclass('public.bots') is not null
    union
    select other.oid
    from held h
    cross join lateral (
      select i.inhrelid as oid from pg_catalog.pg_inherits i where i.inhparent = h.oid
      union all
      -- A role that may read a parent table reads its children, too, without a right on them.
      select i.inhparent from pg_catalog.pg_inherits i
      where i.inhrelid = h.oid and i.inhparent in (select s.attrelid from secret s)
      union all
      -- A reference to a whole row names no column: its variable has the number 0. Every column of a view counts.
      select w.ev_class
      from pg_catalog.pg_depend d
      join pg_catalog.pg_rewrite w on w.oid = d.objid and d.classid = 'pg_catalog.pg_rewrite'::regclass
      join pg_catalog.pg_class c on c.oid = h.oid
      where d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = h.oid and w.ev_type = '1' and (
        c.relkind in ('v', 'm') or w.ev_action::text ~ ':varattno 0 '
        or d.refobjsubid in (select s.attnum from secret s where s.attrelid = h.oid)
      )
    ) other
  )
  select h.oid, case when c.relkind not in ('v', 'm') then array(select s.attnum from secret s where s.attrelid = h.oid) end
  from held h join pg_catalog.pg_class c on c.oid = h.oid
$$;
comment on function relay.key_holders is
  'The relations in which bots'' keys or headers stand, Vault''s view included, and the columns; null: any may show one.';

create function relay.key_functions() returns setof regprocedure
language sql stable set search_path = '' as $$
  select p.oid::regprocedure
  from pg_catalog.pg_proc p
  cross join (
    -- One pattern for the names of all relations that hold keys.
    select to_regclass('public.bots')::oid as bots,
      '\m(' || string_agg(regexp_replace(c.relname, '(\W)', '\\\1', 'g'), '|') || ')\M' as holders
    from relay.key_holders() h join pg_catalog.pg_class c on c.oid = h.holder
    where c.relname <> 'decrypted_secrets'
  ) k
  cross join lateral (select coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as source) s
  cross join lateral (
    select
      -- A function that only adds a bot, for example at sign-up, reads no key.
      case when s.source ~* '\mreturning\M' then s.source
        else regexp_replace(s.source, '\minsert\s+into\s+(public\.)?bots\s*(\([^)]*\))?', '', 'gi') end as body,
      -- The source without comments; of a string literal only whether it has a place for a name, as format() fills it.
      regexp_replace(regexp_replace(regexp_replace(regexp_replace(s.source, '--[^\n]*', '', 'g'), '/\*.*?\*/', '', 'g'),
        '''[^'']*%(\d+\$)?-?\d*[Is][^'']*''', ' any ', 'g'), '''[^'']*''', ' text ', 'g') as code
  ) b
  where k.holders is not null and p.prokind in ('f', 'p') and (
    (
      p.pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'relay'::regnamespace)
      and not exists (select 1 from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e')
      -- Supabase's own.
      and not exists (
        select 1 from pg_catalog.pg_roles r
        where r.oid = p.proowner and r.rolname ~ '^(supabase_.*|pgbouncer)$'
          and r.oid <> (select c.relowner from pg_catalog.pg_class c where c.oid = k.bots)
      )
      -- The relay's own.
      and not (
        p.pronamespace = 'public'::regnamespace
        and p.proname in ('relay_begin', 'relay_bot', 'own_bots', 'bots_keep_secrets')
      )
      and (
        b.body ~* k.holders and (p.prosecdef or b.body ~* '\maccess_key\M')
        -- One that runs what its caller names.
        or p.prosecdef and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
          and b.code ~* '\mexecute\M(?!\s+(on|function|procedure)\M)(?!\s*(format\s*\(\s*)?text\s*([;,)]|using\M|into\M|$))'
          and exists (
            select 1 from pg_catalog.pg_roles r
            where r.rolname in ('anon', 'authenticated') and has_function_privilege(r.oid, p.oid, 'execute')
              and has_schema_privilege(r.oid, p.pronamespace, 'usage')
          )
        -- One that shows clients secrets of Vault, and does not ask for one by its name, which keys of bots do not have.
        or p.prosecdef and p.prorettype <> 'trigger'::regtype and b.code ~* '\mdecrypted_secrets\M'
          and b.code !~* '\mname\M\s*(=|in\M)' and exists (
            select 1 from pg_catalog.pg_roles r
            where r.rolname in ('anon', 'authenticated') and has_function_privilege(r.oid, p.oid, 'execute')
              and has_schema_privilege(r.oid, p.pronamespace, 'usage')
          )
      )
    )
    -- A trigger that passes on a secret or whole rows, of any owner.
    or exists (
      select 1 from pg_catalog.pg_trigger t
      where t.tgrelid = k.bots and t.tgfoid = p.oid and not t.tgisinternal and p.proname <> 'bots_keep_secrets'
        and p.pronamespace <> 'relay'::regnamespace and (
        coalesce(t.tgoldtable, t.tgnewtable) is not null
        or regexp_replace(regexp_replace(b.code, '\mcoalesce\s*\(\s*(new|old)\s*,\s*(new|old)\s*\)', '', 'gi'),
          '\m(new|old)(\.\*)?\s*(is\s+(not\s+)?distinct\s+from|=|<>|!=)\s*(new|old)\M(\.\*)?', '', 'gi'
        ) ~* '\m(new|old)\M(?!\s*(\.\s*(?!(access_key|headers)\M)\w|;|(is|then)\M|$))'
      )
    )
  )
$$;
comment on function relay.key_functions is
  'The functions that can read bots'' keys or headers, in the table or in Vault, as far as their text shows it.';

create function relay.key_readers() returns table (reader text, role text)
language sql stable set search_path = '' as $$
  with trusted as (
    select r.oid from pg_catalog.pg_roles r
    where r.rolsuper or r.rolname in ('postgres', 'service_role', 'supabase_admin')
      -- Those of Vault before 0.3.
      or r.rolname like 'pgsodium\_key%'
      or r.oid = (select c.relowner from pg_catalog.pg_class c where c.oid = to_regclass('public.bots'))
  ), relation as (
    select h.holder, h.columns, c.*,
      case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end || ' ' || c.oid::regclass as reader
    from relay.key_holders() h join pg_catalog.pg_class c on c.oid = h.holder
  ), granted as (
    select r.*, g.grantee
    from relation r
    cross join lateral (
      select a.grantee from aclexplode(r.relacl) a where a.privilege_type = 'SELECT'
      union
      select g.grantee
      from pg_catalog.pg_attribute a cross join aclexplode(a.attacl) g
      where a.attrelid = r.holder and not a.attisdropped and g.privilege_type = 'SELECT'
        and (r.columns is null or a.attnum = any (r.columns))
    ) g
    where g.grantee not in (select t.oid from trusted t)
  )
  select g.reader, case when g.grantee = 0 then 'public' else g.grantee::regrole::text end
  from granted g
  where
    -- A view with "security_invoker" has the rights of its reader.
    not coalesce(g.relkind = 'v' and g.reloptions && '{security_invoker=true,security_invoker=on,security_invoker=1}', false)
    -- Other tables may have grants, as Supabase makes them by default, and yet be closed by row security.
    and (
      g.holder = to_regclass('public.bots') or not g.relrowsecurity
      or exists (select 1 from pg_catalog.pg_roles r where r.oid = g.grantee and r.rolbypassrls)
      or exists (
        select 1 from pg_catalog.pg_policy p
        where p.polrelid = g.holder and p.polpermissive and p.polcmd in ('r', '*')
          and not p.polroles <@ array(select t.oid from trusted t)
      )
    )
  union all
  select 'publication ' || p.pubname, null
  from relation r
  join pg_catalog.pg_publication_tables p on format('%I.%I', p.schemaname, p.tablename)::regclass = r.holder
  where p.attnames && array(
    select a.attname from pg_catalog.pg_attribute a where a.attrelid = r.holder and a.attnum = any (r.columns)
  )
  union all
  -- A rule that writes what it sees of a key to another table.
  select format('rule %I on %s', w.rulename, r.holder::regclass), null
  from relation r
  join pg_catalog.pg_rewrite w on w.ev_class = r.holder and w.ev_type <> '1'
  where exists (
    select 1 from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = w.oid
      and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid not in (select o.holder from relation o)
  ) and (
    r.columns is null or w.ev_action::text ~ ':varattno 0 ' or exists (
      select 1 from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = w.oid
        and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = r.holder and d.refobjsubid = any (r.columns)
    )
  )
  union all
  select case when p.prosecdef then 'security definer ' else '' end || 'function ' || f.oid, null
  from relay.key_functions() as f (oid) join pg_catalog.pg_proc p on p.oid = f.oid
$$;
comment on function relay.key_readers is
  'What besides the relay can read bots'' keys or headers, in the table or in Vault, as far as the catalogue shows it; run it '
  'at times.';

do $$
declare
  v_readers text;
begin
  -- A later migration revokes what clients were granted on the table itself.
  select string_agg(distinct r.reader || coalesce(' (' || r.role || ')', ''), ', ') into v_readers
  from relay.key_readers() r
  where r.reader <> 'table public.bots' or r.role not in ('public', 'anon', 'authenticated');
  if v_readers is not null and to_regclass('public.bots') is not null
    and coalesce(obj_description(to_regclass('public.bots'), 'pg_class'), '') <> 'The readers of its keys are accepted'
  then
    raise exception using
      message = format('Cannot adopt public.bots: its keys can be read by %s', v_readers),
      hint = 'Drop these or revoke their rights, and push the migrations again. If all of them may read keys: comment on '
        'table public.bots is ''The readers of its keys are accepted''.';
  end if;
end;
$$;
