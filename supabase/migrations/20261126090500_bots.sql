-- Bots: who answers, at which provider, with whose key. Each column is added on its own, so that a table that exists
-- keeps its rows and gets what it lacks.
create table if not exists public.bots (id relay.bot_id primary key);

alter table public.bots
  add column if not exists user_id uuid not null,
  add column if not exists name text not null default '',
  add column if not exists access_key text,
  add column if not exists access_path text not null default 'https://api.openai.com/v1',
  add column if not exists api text not null default 'chat_completions',
  add column if not exists model text not null default '',
  add column if not exists temperature double precision,
  add column if not exists system_prompt text,
  add column if not exists params jsonb not null default '{}',
  add column if not exists headers jsonb not null default '{}',
  add column if not exists takes_system boolean not null default true,
  add column if not exists first_turn_is_user boolean not null default false,
  add column if not exists thinks_first boolean,
  add column if not exists takes_prefill boolean not null default false,
  add column if not exists created_at timestamptz not null default now(),
  add column if not exists updated_at timestamptz not null default now();

-- An adopted table may lack the defaults and hold nulls. On a new database nothing happens.
select relay.complete_ids('public.bots');
alter table public.bots
  alter column name set default '',
  alter column access_path set default 'https://api.openai.com/v1',
  alter column api set default 'chat_completions',
  alter column model set default '',
  alter column params set default '{}',
  alter column created_at set default now(),
  alter column updated_at set default now();

select relay.write_quietly('public.bots', $sql$
  update public.bots
  set
    name = coalesce(name, ''),
    access_path = coalesce(access_path, 'https://api.openai.com/v1'),
    api = coalesce(api, 'chat_completions'),
    model = coalesce(model, ''),
    params = coalesce(params, '{}'),
    created_at = coalesce(created_at, now()),
    updated_at = coalesce(updated_at, created_at, now())
  where num_nulls(name, access_path, api, model, params, created_at, updated_at) > 0
$sql$);

alter table public.bots
  alter column name set not null,
  alter column access_path set not null,
  alter column api set not null,
  alter column model set not null,
  alter column params set not null,
  alter column created_at set not null,
  alter column updated_at set not null;

-- Adopted bots of users who are gone stay.
alter table public.bots
  add constraint bots_belong_to_a_user foreign key (user_id) references auth.users (id) on delete cascade not valid,
  add constraint bots_api_is_known check (
    api in ('chat_completions', 'anthropic_messages', 'openai_responses', 'gemini')
  ),
  add constraint bots_params_are_an_object check (jsonb_typeof(params) = 'object'),
  -- Never authorization, which is for the key, nor headers that the connection needs.
  add constraint bots_headers_can_be_sent check (
    jsonb_typeof(headers) = 'object' and length(headers::text) <= 8192
    and not jsonb_path_exists(headers, '$.keyvalue() ? (
      @.value.type() != "string" || !(@.value like_regex "^[ -~]*$") || !(@.key like_regex "^[A-Za-z0-9-]{1,64}$")
      || @.key like_regex "^(accept(-encoding)?|authorization|connection|content-.*|cookie|expect|host)$" flag "i"
      || @.key like_regex "^(keep-alive|proxy-.*|sec-.*|te|trailer|transfer-encoding|upgrade)$" flag "i"
    )')
  ),
  add constraint bots_temperature_is_in_range check (temperature between 0 and 2);

create index bots_by_owner on public.bots (user_id, updated_at desc);

comment on table public.bots is 'Who answers: a model at a provider, with instructions and a key.';
comment on column public.bots.access_path is 'The provider''s base URL, such as https://api.openai.com/v1.';
comment on column public.bots.api is 'The API that the provider speaks: which request it gets, and how it answers.';
comment on column public.bots.params is
  'Further fields of the provider''s request, except those that are the relay''s; null leaves a field out.';
comment on column public.bots.takes_system is 'False: instructions go into the first message of the user''s.';
comment on column public.bots.first_turn_is_user is 'True: a user''s short turn goes before a first one of the bot''s.';
comment on column public.bots.takes_prefill is
  'True: the model goes on from a last message of its own; false: a user''s turn asks it to.';
comment on column public.bots.thinks_first is
  'True: what comes before a lone </think> is reasoning; null: the model''s name says whether that may be.';

create function relay.touch() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.updated_at := now();
  return new;
end;
$$;
comment on function relay.touch() is 'Keeps updated_at true. The bot that was updated last is a user''s fallback.';

create trigger bots_touch before update on public.bots
for each row execute function relay.touch();
