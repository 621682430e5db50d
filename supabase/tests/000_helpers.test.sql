-- The verbs that the other files are written in. Committed, because each of them runs in a transaction of its own;
-- zzz_helpers_are_removed.test.sql takes them away. People and things go by names:
-- tests.id() is the uuid of a name.
begin;
set local client_min_messages = warning;

drop schema if exists tests cascade;
create schema tests;
grant usage on schema tests to anon, authenticated, service_role;

-- On a used database: what is there is out of sight until the file's rollback, so that a file counts its own rows alone.
-- Called by the first user that a file makes; a later call finds that it is done.
create function tests.set_others_aside() returns void
language plpgsql as $$
begin
  if current_setting('tests.aside', true) = 'yes' then
    return;
  end if;
  perform set_config('tests.aside', 'yes', true);
  -- To truncate as many tables takes a fifth of a second, however empty they are. What is not named here goes with these.
  delete from relay.generations;
  delete from public.conversations;
  delete from public.bots;
  delete from public.user_settings;
  delete from public.usage_days;
  delete from relay.uncounted;
  delete from relay.models;
  delete from relay.prices;
  delete from relay.budgets;
  delete from relay.past_usage;
  delete from relay.provider_tries;
  delete from relay.provider_health;
  update relay.counters set value = 0 where value <> 0;
end;
$$;

-- The same for bots, conversations and messages, whose ids are of whatever type the database has for all three.
create function tests.key(name text) returns public.messages.id%type
language plpgsql immutable strict as $$
declare
  v_key public.messages.id%type;
begin
  v_key := case pg_typeof(v_key)
    when 'bigint'::regtype then ('x' || left(md5(name), 12))::bit(48)::bigint::text else md5(name)::uuid::text
  end;
  return v_key;
end
$$;

create function tests.id(name text) returns uuid
language sql immutable as $$ select md5(name)::uuid $$;

-- Personas. The role lasts until sign_out(), at most until the file's rollback.
create function tests.make_user(name text) returns uuid
language sql as $$
  select tests.set_others_aside();
  insert into auth.users (id, aud, role, email)
  values (tests.id(name), 'authenticated', 'authenticated', name || '@example.com')
  returning id
$$;

create function tests.act_as(role text, claims jsonb) returns void
language plpgsql as $$
begin
  perform set_config('request.jwt.claims', coalesce(claims::text, ''), true);
  perform set_config('role', act_as.role, true);
  -- What is planned already has found its functions with the rights of another role.
  discard plans;
end
$$;

create function tests.sign_in_as(name text) returns void
language sql as $$
  select tests.act_as('authenticated', jsonb_build_object(
    'sub', tests.id(name), 'role', 'authenticated', 'aud', 'authenticated', 'is_anonymous', false
  ))
$$;

create function tests.sign_in_as_anon() returns void
language sql as $$ select tests.act_as('anon', '{"role": "anon"}') $$;

create function tests.sign_in_as_service() returns void
language sql as $$ select tests.act_as('service_role', '{"role": "service_role"}') $$;

create function tests.sign_out() returns void
language sql as $$ select tests.act_as('none', null) $$;

-- Things.
create function tests.given_bot(name text, owner text, updated_at timestamptz default now()) returns void
language sql as $$
  insert into public.bots (
    id, user_id, name, access_key, access_path, model, temperature, system_prompt, params, updated_at
  )
  values (
    tests.key(name), tests.id(owner), name, 'key of ' || name, 'https://provider.example/v1', 'model of ' || name, 0.5,
    'instructions of ' || name, '{"top_p": 0.9}', given_bot.updated_at
  )
$$;

create function tests.given_share(bot text, with_user text) returns void
language sql as $$ insert into public.bot_shares (bot_id, user_id) values (tests.key(bot), tests.id(with_user)) $$;

create function tests.given_fallbacks(bot text, variadic fallbacks text[]) returns void
language sql as $$
  insert into public.bot_fallbacks (bot_id, position, fallback_bot_id)
  select tests.key(bot), f.position, tests.key(f.name) from unnest(fallbacks) with ordinality as f (name, position)
$$;

create function tests.given_default_bot(bot text, of_user text) returns void
language sql as $$
  insert into public.user_settings (user_id, default_bot_id) values (tests.id(of_user), tests.key(bot))
$$;

create function tests.given_conversation(name text, owner text, bot text default null) returns void
language sql as $$
  insert into public.conversations (id, user_id, bot_id, title)
  values (tests.key(name), tests.id(owner), tests.key(bot), name)
$$;

-- The content is the name, unless given.
create function tests.given_message(
  name text, conversation text, parent text default null, by_user boolean default true, content text default null,
  stream_id text default null
) returns void
language sql as $$
  insert into public.messages (id, user_id, conversation_id, parent_id, content, is_user_author, stream_id)
  select tests.key(name), c.user_id, c.id, tests.key(parent), coalesce(given_message.content, name), by_user,
    given_message.stream_id
  from public.conversations c
  where c.id = tests.key(conversation)
$$;

-- A story of so many turns, each a prompt 'p1', 'p2', … and an answer 'a1', 'a2', … of so many bytes; the last is the leaf.
create function tests.given_turns(conversation text, turns integer, bytes integer) returns void
language plpgsql as $$
begin
  for v_turn in 1..turns loop
    perform tests.given_message('p' || v_turn, conversation, 'a' || (v_turn - 1), true, repeat('x', bytes))
    where v_turn > 1;
    perform tests.given_message('p1', conversation, null, true, repeat('x', bytes)) where v_turn = 1;
    perform tests.given_message('a' || v_turn, conversation, 'p' || v_turn, false, repeat('x', bytes));
  end loop;
  perform tests.given_active_leaf(conversation, 'a' || turns);
end
$$;

-- Of the message's user.
create function tests.given_memory(message text, content text) returns void
language sql as $$
  insert into public.memories (message_id, user_id, content)
  select m.id, m.user_id, given_memory.content from public.messages m where m.id = tests.key(message)
$$;

create function tests.given_active_leaf(conversation text, message text) returns void
language sql as $$
  update public.conversations set active_message_id = tests.key(message) where id = tests.key(conversation)
$$;

-- A user with a bot and a story of two branches:
--   first question ─┬─ first answer ── second question ── second answer (the active leaf)
--                   └─ other answer ── other question
create function tests.given_tale(owner text) returns void
language sql as $$
  select tests.make_user(owner);
  select tests.given_bot('bot', owner);
  select tests.given_conversation('tale', owner, 'bot');
  select tests.given_message('first question', 'tale');
  select tests.given_message('first answer', 'tale', 'first question', false);
  select tests.given_message('second question', 'tale', 'first answer');
  select tests.given_message('second answer', 'tale', 'second question', false);
  select tests.given_message('other answer', 'tale', 'first question', false);
  select tests.given_message('other question', 'tale', 'other answer');
  select tests.given_active_leaf('tale', 'second answer')
$$;

create function tests.given_generation(
  stream_id text, owner text, status text default 'running', conversation text default null, parent text default null
) returns void
language sql as $$
  insert into relay.generations (
    stream_id, user_id, conversation_id, parent_id, leaf_id, model, status, worker_id, fence, lease_expires_at,
    cancel_requested_at, started_at, finished_at, finish_reason, error_code
  )
  select
    given_generation.stream_id, tests.id(owner), tests.key(conversation), tests.key(parent),
    (select c.active_message_id from public.conversations c where c.id = tests.key(conversation)),
    'model', given_generation.status, 'worker',
    case when given_generation.status = 'running' then tests.id('fence of ' || given_generation.stream_id) end,
    clock_timestamp() + interval '15 seconds',
    case when given_generation.status = 'cancelled' then clock_timestamp() end,
    clock_timestamp(),
    case when given_generation.status <> 'running' then clock_timestamp() end,
    case given_generation.status
      when 'running' then null when 'completed' then 'stop' when 'failed' then 'error' else given_generation.status
    end,
    case given_generation.status when 'failed' then 'provider_error' when 'interrupted' then 'interrupted' end
$$;

-- Of the provider that given_bot() names, for a million tokens.
create function tests.given_price(
  model text, input numeric, cached_input numeric, output numeric, valid_from timestamptz default '-infinity'
) returns void
language sql as $$
  insert into relay.prices (host, model, input, cached_input, output, valid_from)
  values ('provider.example', given_price.model, given_price.input, given_price.cached_input, given_price.output,
    given_price.valid_from)
$$;

-- What its beats have stored; the characters are one UTF-16 unit each.
create function tests.given_text(stream_id text, variadic chunks text[]) returns void
language plpgsql as $$
declare
  v_chunk text;
  v_end integer := 0;
begin
  foreach v_chunk in array chunks loop
    insert into relay.chunks (stream_id, start_at, end_at, content)
    values (given_text.stream_id, v_end, v_end + length(v_chunk), v_chunk);
    v_end := v_end + length(v_chunk);
  end loop;
  update relay.generations g set text_units = v_end where g.stream_id = given_text.stream_id;
end
$$;

-- One of a worker that died.
create function tests.given_expired(
  stream_id text, owner text, text_so_far text default 'Once', conversation text default null, parent text default null
) returns void
language plpgsql as $$
begin
  perform tests.given_generation(
    given_expired.stream_id, given_expired.owner, 'running', given_expired.conversation, given_expired.parent
  );
  if text_so_far <> '' then
    perform tests.given_text(given_expired.stream_id, text_so_far);
  end if;
  perform tests.back_date(given_expired.stream_id, interval '16 seconds');
end
$$;

-- Its row is gone, as thirty days after its end.
create function tests.given_pruned(stream_id text) returns void
language sql as $$ delete from relay.generations g where g.stream_id = given_pruned.stream_id $$;

-- Time is moved, never waited for.
create function tests.back_date(stream_id text, age interval) returns void
language sql as $$
  update relay.generations g
  set started_at = g.started_at - age, finished_at = g.finished_at - age, lease_expires_at = g.lease_expires_at - age,
    cancel_requested_at = g.cancel_requested_at - age
  where g.stream_id = back_date.stream_id
$$;

-- Of everyone, unless it names its owner.
create function tests.given_budget(
  period text, tokens bigint default null, cost numeric default null, owner text default null, bot text default null,
  is_shared boolean default false
) returns void
language sql as $$
  insert into relay.budgets (user_id, bot_id, period, tokens, cost, is_shared)
  values (
    tests.id(owner), tests.key(given_budget.bot), given_budget.period, given_budget.tokens, given_budget.cost,
    given_budget.is_shared
  )
$$;

-- What a user has used on a day, half of it for prompts.
create function tests.given_usage(
  owner text, tokens integer, day date default (now() at time zone 'UTC')::date, bot text default 'bot',
  cost numeric default null
) returns void
language sql as $$
  insert into public.usage_days (
    user_id, day, bot_id, model, generations, estimated, prompt_tokens, cached_tokens, completion_tokens,
    reasoning_tokens, cost
  )
  values (
    tests.id(owner), given_usage.day, tests.key(given_usage.bot), 'model', 1, 0, tokens / 2, 0, tokens - tokens / 2, 0,
    given_usage.cost
  )
$$;

-- How long the answers of a bot's model usually are.
create function tests.given_usual_reply(bot text, tokens integer) returns void
language sql as $$
  insert into relay.models (endpoint, model, bytes_per_token, usual_reply_tokens)
  select relay.endpoint_of(b), b.model, 3, given_usual_reply.tokens from public.bots b where b.id = tests.key(bot)
  on conflict (endpoint, model) do update set usual_reply_tokens = excluded.usual_reply_tokens
$$;

-- What a running generation holds of budgets.
create function tests.held_by(stream_id text) returns integer
language sql as $$ select g.reserved_tokens from relay.generations g where g.stream_id = held_by.stream_id $$;

-- The same for what is known of providers.
create function tests.back_date_tries(age interval) returns void
language sql as $$
  update relay.provider_tries set at = at - age, started_at = started_at - age;
  update relay.provider_health set since = since - age, rests_until = rests_until - age
$$;

-- The relay's calls, as its role. A parent that is named is a parent that is given.
create function tests.call_begin(
  who text, stream_id text, prompt text default 'And then?', reroll_of text default null,
  conversation text default null, bot text default null, parent text default null,
  parent_is_given boolean default false, rate_limit integer default 5, max_concurrent integer default 3,
  lease_ms integer default 15000, max_context integer default 200000, fence text default null,
  context_is_given boolean default false, continue_of text default null, answer_to text default null,
  system_bytes integer default 0, given_bytes integer[] default null, max_room integer default 4000000,
  preview boolean default false, is_anonymous boolean default false, app_metadata text default '{}'
) returns jsonb
language sql set role = service_role as $$
  select public.relay_begin(
    user_id => tests.id(who), stream_id => call_begin.stream_id, worker_id => 'worker',
    prompt => case
      when num_nonnulls(call_begin.reroll_of, call_begin.continue_of, call_begin.answer_to) = 0 then call_begin.prompt
    end,
    reroll_of => tests.key(call_begin.reroll_of)::text, continue_of => tests.key(call_begin.continue_of)::text,
    answer_to => tests.key(call_begin.answer_to)::text,
    conversation_id => tests.key(conversation)::text, bot_id => tests.key(bot)::text,
    parent_id => tests.key(parent)::text, parent_is_given => call_begin.parent_is_given or parent is not null,
    rate_limit => call_begin.rate_limit, max_concurrent => call_begin.max_concurrent, lease_ms => call_begin.lease_ms,
    max_context => call_begin.max_context, fence => coalesce(tests.id(call_begin.fence), gen_random_uuid()),
    context_is_given => call_begin.context_is_given, system_bytes => call_begin.system_bytes,
    given_bytes => call_begin.given_bytes, max_room => call_begin.max_room, preview => call_begin.preview,
    is_anonymous => call_begin.is_anonymous, app_metadata => call_begin.app_metadata
  )
$$;

-- Without fences: those of the generations themselves, as their workers would show them.
create function tests.call_beat(
  stream_ids text[], fences uuid[] default null, lease_ms integer default 15000, starts integer[] default '{}',
  ends integer[] default '{}', texts text[] default '{}', sent_to_others integer[] default '{}'
) returns jsonb
language sql set role = service_role as $$
  select public.relay_beat(
    call_beat.stream_ids,
    coalesce(call_beat.fences, (
      select array_agg(coalesce(g.fence, tests.id('none')) order by named.index)
      from unnest(call_beat.stream_ids) with ordinality named (stream_id, index)
      left join relay.generations g on g.stream_id = named.stream_id
    )),
    call_beat.lease_ms, call_beat.starts, call_beat.ends, call_beat.texts, call_beat.sent_to_others
  )
$$;

-- A beat of one generation, with a chunk of its text.
create function tests.call_beat(stream_id text, start_at integer, end_at integer, content text) returns jsonb
language sql as $$
  select tests.call_beat(array[stream_id], starts => array[start_at], ends => array[end_at], texts => array[content])
$$;

-- Without a start: where the database wants it.
create function tests.call_finish(
  stream_id text, content text default 'The end.', status text default 'completed', finish_reason text default 'stop',
  error_code text default null, fence uuid default null, prompt_tokens integer default null,
  completion_tokens integer default null, total_tokens integer default null, first_token_ms integer default null,
  start_at integer default null, overhead_ms integer default null, sent_units integer default null,
  sent_to_others integer default 0, refused_window integer default null, refused_tokens integer default null,
  cached_tokens integer default null, reasoning_tokens integer default null, answered_by text default null,
  tried_bots text[] default null, tried_codes text[] default null
) returns jsonb
language sql set role = service_role as $$
  select public.relay_finish(
    stream_id => call_finish.stream_id, fence => coalesce(call_finish.fence, g.fence, tests.id('none')),
    status => call_finish.status, finish_reason => call_finish.finish_reason, error_code => call_finish.error_code,
    content => call_finish.content, prompt_tokens => call_finish.prompt_tokens,
    completion_tokens => call_finish.completion_tokens, total_tokens => call_finish.total_tokens,
    first_token_ms => call_finish.first_token_ms, overhead_ms => call_finish.overhead_ms,
    refused_window => call_finish.refused_window, refused_tokens => call_finish.refused_tokens,
    cached_tokens => call_finish.cached_tokens, reasoning_tokens => call_finish.reasoning_tokens,
    start_at => coalesce(call_finish.start_at, case g.status when 'running' then g.text_units end, 0),
    sent_units => call_finish.sent_units, sent_to_others => call_finish.sent_to_others,
    answered_by => tests.key(call_finish.answered_by)::text,
    tried_bots => (select array_agg(tests.key(t.bot)::text order by t.index)
      from unnest(call_finish.tried_bots) with ordinality as t (bot, index)),
    tried_codes => call_finish.tried_codes
  )
  from (select) one left join relay.generations g on g.stream_id = call_finish.stream_id
$$;

create function tests.call_begin_memory(
  who text, stream_id text, message text, bot text default 'bot', max_context integer default 200000,
  task_bytes integer default 0, kind text default 'memory'
) returns jsonb
language sql set role = service_role as $$
  select public.relay_begin_memory(
    user_id => tests.id(who), stream_id => call_begin_memory.stream_id, worker_id => 'worker',
    message_id => tests.key(message)::text, bot_id => tests.key(bot)::text, lease_ms => 15000,
    max_context => call_begin_memory.max_context, fence => tests.id('fence of ' || call_begin_memory.stream_id),
    task_bytes => call_begin_memory.task_bytes, kind => call_begin_memory.kind
  )
$$;

create function tests.call_cancel(who text, stream_id text, at integer default null) returns jsonb
language sql set role = service_role as $$
  select public.relay_cancel(tests.id(who), call_cancel.stream_id, call_cancel.at)
$$;

create function tests.call_running(who text, conversation text) returns text
language sql set role = service_role as $$
  select public.relay_running(tests.id(who), tests.key(conversation)::text)
$$;

create function tests.call_read(
  who text, stream_id text, from_unit integer default 0, max_units integer default 262144
) returns jsonb
language sql set role = service_role as $$
  select public.relay_read(array[tests.id(who)], array[call_read.stream_id], array[from_unit], max_units) -> 0
$$;

create function tests.call_sweep(
  who text default null, retention interval default interval '30 days', batch integer default 500
) returns jsonb
language sql set role = service_role as $$
  select public.relay_sweep(tests.id(who), call_sweep.retention, call_sweep.batch)
$$;

-- All rows of all tables, for "nothing has changed".
create function tests.everything() returns jsonb
language plpgsql as $$
declare
  v_table record;
  v_rows jsonb;
  v_all jsonb := '{}';
begin
  for v_table in
    select schemaname, tablename from pg_catalog.pg_tables where schemaname in ('public', 'relay')
  loop
    execute format('select coalesce(jsonb_agg(to_jsonb(t) order by t::text), ''[]'') from %I.%I t',
      v_table.schemaname, v_table.tablename) into v_rows;
    v_all := v_all || jsonb_build_object(v_table.schemaname || '.' || v_table.tablename, v_rows);
  end loop;
  return v_all;
end
$$;

-- The same of what users write and read.
create function tests.the_story() returns jsonb
language sql as $$
  select jsonb_object_agg(key, value) from jsonb_each(tests.everything() - 'public.usage_days') where key like 'public.%'
$$;

-- The same where a sweep or a finish may be counted, and days merged.
create function tests.all_but_counts() returns jsonb
language sql as $$ select tests.everything() - 'relay.counters' - 'relay.uncounted' - 'public.usage_days' $$;

-- The days as sums, one text for each day, user and model: generations, how many are estimated, the tokens of prompt,
-- cache, completion and reasoning, and the cost.
create function tests.days() returns setof text
language sql as $$
  select concat_ws(' ', u.model || ':', sum(u.generations), sum(u.estimated), sum(u.prompt_tokens),
    sum(u.cached_tokens), sum(u.completion_tokens), sum(u.reasoning_tokens), coalesce(trim_scale(sum(u.cost))::text, 'unknown'))
  from public.usage_days u group by u.day, u.user_id, u.bot_id, u.model order by 1
$$;

-- Every key whose days are not the sum of its generations: none, always.
create function tests.unsettled() returns setof text
language sql as $$
  select concat_ws(' ', s.day, s.user_id, s.bot_id, s.model)
  from (
    select (g.started_at at time zone 'UTC')::date as day, g.user_id, g.bot_id, g.model, 1 as generations,
      g.usage_is_estimated::integer as estimated, coalesce(g.prompt_tokens, 0) as prompt_tokens,
      coalesce(g.cached_tokens, 0) as cached_tokens, coalesce(g.completion_tokens, 0) as completion_tokens,
      coalesce(g.reasoning_tokens, 0) as reasoning_tokens, coalesce(g.cost, 0) as cost
    from relay.generations g where g.status <> 'running'
    union all
    select u.day, u.user_id, u.bot_id, u.model, -u.generations, -u.estimated, -u.prompt_tokens, -u.cached_tokens,
      -u.completion_tokens, -u.reasoning_tokens, -coalesce(u.cost, 0)
    from public.usage_days u
  ) s
  group by s.day, s.user_id, s.bot_id, s.model
  having (sum(s.generations), sum(s.estimated), sum(s.prompt_tokens), sum(s.cached_tokens), sum(s.completion_tokens),
    sum(s.reasoning_tokens), sum(s.cost)) is distinct from (0, 0, 0, 0, 0, 0, 0)
$$;

-- What /metrics shows of one counter.
create function tests.counted(name text, labels jsonb default '{}') returns double precision
language sql set role = service_role as $$
  select (s ->> 'value')::double precision
  from jsonb_array_elements(public.relay_metrics()) s
  where s ->> 'name' = counted.name and s -> 'labels' = counted.labels
$$;

-- Every counter that does not stand at zero, without the size of the database, as {"name{labels}": value}.
create function tests.all_counted() returns jsonb
language sql set role = service_role as $$
  select coalesce(jsonb_object_agg((s ->> 'name') || coalesce(nullif(s ->> 'labels', '{}'), ''), s -> 'value'), '{}')
  from jsonb_array_elements(public.relay_metrics()) s
  where s ->> 'value' <> '0' and s ->> 'name' <> 'database_bytes'
$$;

create function tests.leaf_of(conversation text) returns text
language sql as $$
  select m.content
  from public.conversations c
  join public.messages m on m.id = c.active_message_id
  where c.id = tests.key(conversation)
$$;

-- One assertion: the statement violates that constraint, or none where it is null.
create function tests.violates(statement text, constraint_name text, description text) returns text
language plpgsql as $$
declare
  v_violated text;
begin
  begin
    execute statement;
  exception when integrity_constraint_violation then
    get stacked diagnostics v_violated = constraint_name;
  end;
  return is(v_violated, violates.constraint_name, description);
end
$$;

-- What a statement does as one persona: the number of rows, denied by a grant, refused by a policy, or the SQLSTATE of
-- a constraint or of what is not there. It is undone.
create function tests.attempt(persona text, statement text) returns text
language plpgsql as $$
declare
  v_rows integer;
begin
  case persona
    when 'anonymous' then perform tests.sign_in_as_anon();
    when 'service_role' then perform tests.sign_in_as_service();
    else perform tests.sign_in_as(case persona when 'sharee' then 'friend' else persona end);
  end case;
  execute statement;
  get diagnostics v_rows = row_count;
  raise sqlstate 'UNDO1' using message = v_rows;
exception
  when sqlstate 'UNDO1' then
    return sqlerrm;
  when insufficient_privilege then
    return case when sqlerrm like 'permission denied%' then 'denied' else 'refused' end;
  when integrity_constraint_violation or no_data_found then
    return sqlstate;
end
$$;

-- One row of a permission matrix, five assertions.
create function tests.may(
  action text, anonymous text, stranger text, owner text, sharee text, service_role text, statement text
) returns setof text
language sql as $$
  select is(tests.attempt(persona, statement), wanted, format('%s: %s', persona, action))
  from (
    values
      ('anonymous', anonymous), ('stranger', stranger), ('owner', owner), ('sharee', sharee),
      ('service_role', service_role)
  ) as cell (persona, wanted)
$$;

-- What the matrices are about: the owner's tale, a bot that the friend shares, a private one, and a running generation.
create function tests.given_personas() returns void
language sql as $$
  select tests.given_tale('owner');
  select tests.make_user('friend');
  select tests.make_user('stranger');
  select tests.given_bot('private bot', 'owner');
  select tests.given_share('bot', 'friend');
  select tests.given_default_bot('bot', 'owner');
  select tests.given_generation('first', 'owner', conversation => 'tale');
  select tests.given_text('first', 'Once')
$$;

commit;

begin;
select plan(1);

select has_schema('tests', 'the helpers are there');

select * from finish();
rollback;
