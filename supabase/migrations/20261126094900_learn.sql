-- The step of relay_finish that learns: how many bytes a token of the model has, how large its window is, and how long
-- its answers are.

-- Longer answers count for more than shorter ones, so that a hold is too large rather than too small. One answer says
-- little about a model, so the first one only moves the default.
create function relay.usual_reply_of(known integer, reported integer) returns integer
language plpgsql immutable set search_path = '' as $$
declare
  v_known constant integer := coalesce(known, 1000);
begin
  return case
    when reported is null or reported <= 0 then known
    when reported > v_known * 1.25 then least(v_known + (reported - v_known) / 4, 1000000)
    when reported < v_known * 0.6 then greatest(v_known - (v_known - reported) / 8, 1)
    else v_known
  end;
end;
$$;
comment on function relay.usual_reply_of is 'The usual length of a model''s answers, after one of so many tokens.';

-- Called once, at the end of a generation. Writes only what is new, and waits for no lock: otherwise all generations
-- with one model would wait for one row.
create function relay.learn(
  generation relay.generations, prompt_tokens integer, said_window integer, said_tokens integer
) returns void
language plpgsql set search_path = '' as $$
declare
  v_is_refusal constant boolean := generation.error_code is not distinct from 'context_exceeded';
  v_bot public.bots;
  v_known relay.models;
  v_window integer;
  v_ratio real;
  v_new relay.models;
begin
  select b.* into v_bot from public.bots b
  where b.id = generation.bot_id and b.model = generation.model and generation.context_bytes > 0;
  if not found then
    return;
  end if;
  v_new.endpoint := relay.endpoint_of(v_bot);
  select m.* into v_known from relay.models m where m.endpoint = v_new.endpoint and m.model = v_bot.model;
  v_new.bytes_per_token := coalesce(v_known.bytes_per_token, 3);
  v_new.context_tokens := v_known.context_tokens;
  if v_is_refusal then
    -- Without a number of tokens in the refusal, the request was longer than the window, although the estimate was
    -- below it.
    v_window := coalesce(v_bot.context_tokens, said_window);
    v_ratio := coalesce(relay.ratio_of(generation.context_bytes, said_tokens), case
      when generation.context_bytes < v_window * generation.bytes_per_token
        then relay.ratio_of((0.9 * generation.context_bytes)::bigint, v_window)
    end);
    if v_bot.context_tokens is null then
      v_new.context_tokens := greatest(coalesce(said_window, least(
        v_known.context_tokens, 0.8 * coalesce(said_tokens, generation.context_bytes / generation.bytes_per_token)
      )), 1024);
    end if;
    -- The next generation on the branch takes its ratio from the one before, and must not fail like this one.
    update relay.generations g set bytes_per_token = v_ratio
    where g.stream_id = (
      select l.stream_id from relay.generations l
      where l.stream_id = (relay.last_on_path(generation.parent_id, v_bot)).stream_id and l.bytes_per_token > v_ratio
      for update skip locked
    );
  else
    v_ratio := relay.ratio_of(generation.context_bytes, learn.prompt_tokens);
  end if;

  -- A memory is short, and so is a cancelled answer: neither counts for the usual reply. A lower ratio counts at once,
  -- a higher one slowly.
  v_new.usual_reply_tokens := relay.usual_reply_of(v_known.usual_reply_tokens, case
    when generation.kind = 'answer' and generation.status = 'completed' and not generation.usage_is_estimated
      then generation.completion_tokens
  end);
  v_new.bytes_per_token := case
    when v_ratio < v_new.bytes_per_token * 0.97 then v_ratio
    when v_ratio > v_new.bytes_per_token * 1.12 then v_new.bytes_per_token + (v_ratio - v_new.bytes_per_token) / 4
    else v_new.bytes_per_token
  end;
  if v_known.endpoint is null then
    -- A second insert of one key would wait for the first to commit: who comes second leaves it to the next one.
    if num_nonnulls(v_ratio, v_new.context_tokens, v_new.usual_reply_tokens) = 0
      or not pg_try_advisory_xact_lock(7306, hashtext(v_new.endpoint || v_bot.model))
    then
      return;
    end if;
    insert into relay.models (endpoint, model, bytes_per_token, context_tokens, usual_reply_tokens)
    values (v_new.endpoint, v_bot.model, v_new.bytes_per_token, v_new.context_tokens, v_new.usual_reply_tokens)
    on conflict do nothing;
  elsif (v_new.bytes_per_token, v_new.context_tokens, v_new.usual_reply_tokens)
      is distinct from (v_known.bytes_per_token, v_known.context_tokens, v_known.usual_reply_tokens)
    or v_known.updated_at < now() - interval '1 day'
  then
    update relay.models m
    set bytes_per_token = v_new.bytes_per_token, context_tokens = v_new.context_tokens,
      usual_reply_tokens = v_new.usual_reply_tokens, updated_at = now()
    where (m.endpoint, m.model) in (
      select l.endpoint, l.model from relay.models l
      where l.endpoint = v_new.endpoint and l.model = v_bot.model
      for update skip locked
    );
  end if;
end;
$$;
comment on function relay.learn is
  'Takes from the end of a generation, and from what was reported, what the next one of this model should know.';

create function relay.forget_models(before timestamptz, batch integer) returns void
language plpgsql set search_path = '' as $$
begin
  delete from relay.models m
  where (m.endpoint, m.model) in (
    select l.endpoint, l.model from relay.models l
    where l.updated_at < before
    order by l.updated_at
    limit batch
    for update skip locked
  );
end;
$$;
comment on function relay.forget_models is 'Prunes what no generation has confirmed since: any user can name models.';
