-- What is learned about models, and what each generation sent. Tokens are estimated from bytes of UTF-8: the bytes of a
-- token differ far less between scripts than its characters, and are known without reading a text.

create table relay.models (
  endpoint text not null,
  model text not null,
  bytes_per_token real not null,
  context_tokens integer,
  usual_reply_tokens integer,
  updated_at timestamptz not null default now(),
  primary key (endpoint, model),
  constraint models_ratios_are_in_range check (bytes_per_token between 1 and 6),
  constraint models_windows_are_not_tiny check (context_tokens >= 1024),
  constraint models_replies_are_not_empty check (usual_reply_tokens > 0)
);
create index models_by_time on relay.models (updated_at);
alter table relay.models enable row level security;
revoke all on table relay.models from public, anon, authenticated;
grant select, insert, update, delete on table relay.models to service_role;
comment on table relay.models is 'What providers taught of their models: by their reports of tokens, and by refusals.';

alter table relay.generations
  add column context_start relay.message_id,
  add column context_messages integer,
  add column context_bytes bigint,
  add column left_out integer,
  add column bytes_per_token real,
  add constraint generations_contexts_are_counted check (least(context_messages, context_bytes, left_out) >= 0),
  add constraint generations_ratios_are_in_range check (bytes_per_token between 1 and 6);

-- What a server teaches is used for all bots that call it. Behind a gateway a bot's own headers and fields may choose a
-- server of its user's, which could teach others wrong values, so these bots learn for themselves.
create function relay.endpoint_of(bot public.bots) returns text
language plpgsql stable set search_path = '' as $$
declare
  v_harmless constant text[] := array[
    'frequency_penalty', 'logit_bias', 'max_completion_tokens', 'max_tokens', 'min_p', 'presence_penalty',
    'reasoning_effort', 'repetition_penalty', 'seed', 'stop', 'stream_options', 'temperature', 'top_k', 'top_p', 'user'
  ];
  v_own constant text := coalesce(nullif(bot.headers::text, '{}'), '') || case jsonb_typeof(bot.params)
    when 'object' then coalesce(nullif((bot.params - v_harmless)::text, '{}'), '') else bot.params::text
  end;
begin
  -- Without the query and the user name, which may be secret.
  return regexp_replace(regexp_replace(bot.access_path, '[?#].*$', ''), '//[^/@]*@', '//')
    || case when v_own <> '' then '#' || md5(v_own) else '' end;
end;
$$;
comment on function relay.endpoint_of is
  'The base URL without query and name, and a digest of what else the bot says about where its requests go.';

-- In a short text the provider's own tokens are too large a part.
create function relay.ratio_of(bytes bigint, tokens integer) returns real
language plpgsql immutable set search_path = '' as $$
begin
  return case when bytes >= 2000 and tokens > 0 then least(greatest(bytes / tokens::real, 1), 6)::real end;
end;
$$;
comment on function relay.ratio_of is 'Bytes a token, within what any script can have; null where there is too little.';

create function relay.last_on_path(leaf_id relay.message_id, bot public.bots) returns relay.generations
language plpgsql stable set search_path = '' as $$
declare
  v_id relay.message_id := leaf_id;
  v_found record;
  v_generation relay.generations;
begin
  for v_step in 1..20 loop
    exit when v_id is null;
    select m.parent_id, m.stream_id into v_found from public.messages m where m.id = v_id;
    exit when not found;
    if v_found.stream_id is not null then
      select g.* into v_generation from relay.generations g
      where g.stream_id = v_found.stream_id and (
        g.asked_bot_id = bot.id or g.asked_bot_id is null and g.bot_id = bot.id and g.model = bot.model
      );
      exit when found;
    end if;
    v_id := v_found.parent_id;
  end loop;
  if v_generation.asked_bot_id is not null then
    -- Tokens of another model.
    v_generation.prompt_tokens := null;
  end if;
  return v_generation;
end;
$$;
comment on function relay.last_on_path is
  'The nearest generation that asked this bot and model, among the last 20 messages.';
