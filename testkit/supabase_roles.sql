-- What a Supabase project's Postgres has before the first migration, as far as migrations and policies can see it.
-- Roles belong to the whole server and other tests may make them at this very moment, so an existing one is no error.

do $$
declare
  v_role text;
begin
  foreach v_role in array array[
    'anon nologin noinherit',
    'authenticated nologin noinherit',
    'service_role nologin noinherit bypassrls',
    'authenticator login noinherit',
    'supabase_auth_admin nologin noinherit createrole',
    -- Hosted, the role "postgres" that migrations run as is no superuser. Here that name is the server's superuser,
    -- so its rights go by another one: a migration that needs more than a project gives fails in the test.
    'relay_migrator login createdb createrole bypassrls password ''relay_migrator'''
  ] loop
    begin
      execute 'create role ' || v_role;
    exception when duplicate_object or unique_violation then
      null;
    end;
  end loop;
end;
$$;

do $$
begin
  grant anon, authenticated, service_role to authenticator, relay_migrator;
exception when unique_violation or internal_error then
  -- Another test granted the same in the meantime: "tuple concurrently updated" is an internal error to Postgres.
  null;
end;
$$;

grant usage on schema public to anon, authenticated, service_role;
-- As hosted: the owner of the database, and through pg_database_owner of the schema public.
do $$
begin
  execute format('alter database %I owner to relay_migrator', current_database());
end;
$$;

create schema if not exists extensions;
grant usage on schema extensions to anon, authenticated, service_role, relay_migrator;
create extension if not exists pgcrypto with schema extensions;

create schema if not exists auth authorization supabase_auth_admin;
grant usage on schema auth to anon, authenticated, service_role, relay_migrator;

-- The columns that a story can refer to, with the types of Supabase's own table.
create table if not exists auth.users (
  id uuid primary key,
  aud varchar(255),
  role varchar(255),
  email varchar(255),
  raw_app_meta_data jsonb,
  raw_user_meta_data jsonb,
  is_anonymous boolean not null default false,
  created_at timestamptz,
  updated_at timestamptz
);
alter table auth.users owner to supabase_auth_admin;
alter table auth.users enable row level security;
grant select, insert, update, delete, references, trigger on auth.users to relay_migrator;

-- PostgREST leaves the claims of the request's token in this setting; it is empty outside of a request.
create or replace function auth.jwt() returns jsonb language sql stable as $$
  select nullif(current_setting('request.jwt.claims', true), '')::jsonb
$$;

create or replace function auth.uid() returns uuid language sql stable as $$
  select (auth.jwt() ->> 'sub')::uuid
$$;

create or replace function auth.role() returns text language sql stable as $$
  select auth.jwt() ->> 'role'
$$;
