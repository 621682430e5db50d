-- Settles what a generation used, once it has ended: what the provider reported, or else the estimate that is also used
-- for the window.
create type relay.usage as (
  prompt_tokens integer, completion_tokens integer, total_tokens integer, cached_tokens integer,
  reasoning_tokens integer, is_estimated boolean, cost numeric
);
comment on type relay.usage is 'The tokens of one generation, and what they cost.';

-- A provider that refuses or cannot be reached bills nothing. If it took the request and nothing came back, it may have
-- billed the prompt: a ledger that is too low would be noticed only with the bill.
create function relay.may_be_billed(has_begun boolean, was_called boolean, error_code text) returns boolean
language plpgsql immutable set search_path = '' as $$
begin
  return has_begun or was_called and (error_code is null or error_code not in (
    'provider_not_allowed', 'provider_auth', 'provider_rate_limited', 'provider_refused', 'provider_error',
    'context_exceeded', 'overloaded'
  ));
end;
$$;
comment on function relay.may_be_billed is 'Whether a provider that has reported nothing may have billed something.';

create function relay.bytes_written(generation relay.generations, content text) returns bigint
language plpgsql stable set search_path = '' as $$
declare
  -- After a sweep the content is the whole text, with what is continued.
  v_old constant integer := case when generation.status <> 'running' then generation.continued_units else 0 end;
begin
  return octet_length(content) - case when v_old > 0 then octet_length(relay.text_up_to(content, v_old)) else 0 end + (
    select coalesce(sum(octet_length(c.content)), 0)
    from relay.chunks c
    where c.stream_id = generation.stream_id and c.start_at >= generation.continued_units
  );
end;
$$;
comment on function relay.bytes_written is 'The bytes that the model has written: what it continues is none of them.';

create function relay.usage_of(
  generation relay.generations, reported relay.usage, content text, has_begun boolean, was_called boolean,
  error_code text
) returns relay.usage
language plpgsql stable set search_path = '' as $$
declare
  v_most constant bigint := 2147483647;
  v_ratio constant real := coalesce(generation.bytes_per_token, 3);
  v_usage relay.usage := reported;
  v_bytes bigint;
begin
  v_usage.is_estimated := false;
  if num_nulls(reported.prompt_tokens, reported.completion_tokens) > 0 then
    v_bytes := relay.bytes_written(generation, usage_of.content);
    v_usage.is_estimated := num_nonnulls(reported.prompt_tokens, reported.completion_tokens, reported.total_tokens) > 0
      or relay.may_be_billed(usage_of.has_begun or v_bytes > 0, usage_of.was_called, usage_of.error_code);
  end if;
  if v_usage.is_estimated then
    -- A part that is missing from a reported total is the rest of it; greatest() and least() ignore null.
    v_usage.completion_tokens := coalesce(reported.completion_tokens, case
      when num_nulls(reported.total_tokens, reported.prompt_tokens) = 0
        then greatest(reported.total_tokens - reported.prompt_tokens, 0)
      else least(ceil(v_bytes / v_ratio), reported.total_tokens, v_most)
    end);
    v_usage.prompt_tokens := coalesce(reported.prompt_tokens, case
      when reported.total_tokens is not null then greatest(reported.total_tokens - v_usage.completion_tokens, 0)
      else least(ceil(coalesce(generation.context_bytes, 0) / v_ratio), v_most)
    end);
    v_usage.total_tokens := coalesce(
      reported.total_tokens, least(v_usage.prompt_tokens::bigint + v_usage.completion_tokens, v_most)
    );
  end if;
  v_usage.cost := relay.cost_of(
    generation.host, generation.model, generation.started_at, v_usage.prompt_tokens, v_usage.cached_tokens,
    v_usage.completion_tokens
  );
  return v_usage;
end;
$$;
comment on function relay.usage_of is
  'What a generation that ends is settled by: the report, or an estimate of what it lacks.';

create function relay.usage_sent(reported relay.usage, used relay.usage) returns jsonb
language plpgsql immutable set search_path = '' as $$
begin
  return case when num_nonnulls(reported.prompt_tokens, reported.completion_tokens, reported.total_tokens) > 0
    then jsonb_build_object(
      'prompt_tokens', reported.prompt_tokens, 'completion_tokens', reported.completion_tokens,
      'total_tokens', reported.total_tokens
    ) || jsonb_strip_nulls(jsonb_build_object(
      'cached_tokens', reported.cached_tokens, 'reasoning_tokens', reported.reasoning_tokens,
      'cost', case when not used.is_estimated then used.cost end
    ))
  end;
end;
$$;
comment on function relay.usage_sent is
  'Usage as messages and streams have it: what was reported alone; null: nothing.';

-- Rows are only added: the first end adds its own, and a recovery subtracts what a sweep has settled under the old key.
-- So all ends of one user can run at the same time, and no sweep holds them up.
create function relay.settle(before relay.generations, after relay.generations) returns void
language plpgsql set search_path = '' as $$
begin
  insert into public.usage_days (
    day, user_id, bot_id, model, generations, estimated, prompt_tokens, cached_tokens, completion_tokens,
    reasoning_tokens, cost
  )
  select
    ((s.g).started_at at time zone 'UTC')::date, (s.g).user_id, (s.g).bot_id, (s.g).model, sum(s.sign),
    sum(s.sign * (s.g).usage_is_estimated::integer), sum(s.sign * coalesce((s.g).prompt_tokens, 0)),
    sum(s.sign * coalesce((s.g).cached_tokens, 0)), sum(s.sign * coalesce((s.g).completion_tokens, 0)),
    sum(s.sign * coalesce((s.g).reasoning_tokens, 0)), sum(s.sign * (s.g).cost)
  from (select -1 as sign, before as g union all select 1, after) s
  where (s.g).status <> 'running'
  group by 1, 2, 3, 4;
end;
$$;
comment on function relay.settle is
  'Adds to the days what a generation has used, less what it was settled by before; what runs counts as nothing.';
