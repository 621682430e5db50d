-- How a worker ends its generation, once; a late call gets the stored ending.
create function public.relay_finish(
  stream_id text, fence uuid, status text, finish_reason text, error_code text, content text, prompt_tokens integer,
  completion_tokens integer, total_tokens integer, first_token_ms integer, start_at integer default 0,
  overhead_ms integer default null, sent_units integer default null, sent_to_others integer default 0,
  refused_window integer default null, refused_tokens integer default null, cached_tokens integer default null,
  reasoning_tokens integer default null, answered_by text default null, tried_bots text[] default null,
  tried_codes text[] default null
) returns jsonb
language plpgsql set search_path = '' set lock_timeout = '900ms' set plan_cache_mode = 'force_generic_plan' as $$
declare
  v_generation relay.generations;
  v_before relay.generations;
  v_reported relay.usage;
  v_used relay.usage;
  v_expected integer;
  v_usage jsonb;
  v_message_id relay.message_id;
  v_bot public.bots;
  v_due relay.message_id;
  v_title_due relay.message_id;
begin
  perform 1 from public.conversations c
  where c.id = (select g.conversation_id from relay.generations g where g.stream_id = relay_finish.stream_id)
  for no key update;
  select g.* into v_generation from relay.generations g where g.stream_id = relay_finish.stream_id for update;
  if not found then
    return null;
  end if;

  -- A running generation has a fence, and so has a swept one: without it this call is late, repeated or another
  -- worker's.
  if v_generation.fence = relay_finish.fence then
    -- The content continues the chunks; after a sweep it is the whole text, which replaces the message.
    v_before := v_generation;
    v_expected := case when v_before.status <> 'running' then 0 else v_before.text_units end;
    if relay_finish.start_at is distinct from v_expected then
      return jsonb_build_object('expected_start', v_expected);
    end if;
    -- By the price of the bot that answered.
    v_generation := relay.answered_by(v_generation, relay_finish.answered_by);
    v_reported := row(
      prompt_tokens, completion_tokens, total_tokens,
      case when cached_tokens is not null then least(cached_tokens, prompt_tokens) end, reasoning_tokens, false, null
    );
    v_used := relay.usage_of(
      v_generation, v_reported, coalesce(content, ''), first_token_ms is not null, overhead_ms is not null, error_code
    );
    -- relay_cancel has answered that it ends as cancelled: a provider that finishes in the same second changes nothing.
    if v_generation.cancel_requested_at is not null then
      relay_finish.status := 'cancelled';
      relay_finish.finish_reason := 'cancelled';
      relay_finish.error_code := null;
    elsif status in ('failed', 'interrupted') and not relay.is_ending_code(error_code) then
      -- The worker is newer than the database, and the text counts for more than the code.
      raise warning 'Cannot store the error code "%": the database does not know it', error_code;
      relay_finish.error_code := 'internal';
    end if;
    v_usage := relay.usage_sent(v_reported, v_used);
    v_generation.cancel_at := relay.end_of(v_generation, sent_units, sent_to_others);
    v_message_id := relay.store_message(
      v_generation, coalesce(content, ''), relay_finish.finish_reason, status = 'completed', v_usage
    );
    update relay.generations g
    set status = relay_finish.status, finish_reason = relay_finish.finish_reason, error_code = relay_finish.error_code,
      message_id = v_message_id, finished_at = clock_timestamp(), fence = null, overhead_ms = relay_finish.overhead_ms,
      bot_id = v_generation.bot_id, asked_bot_id = v_generation.asked_bot_id, host = v_generation.host,
      model = v_generation.model, prompt_tokens = v_used.prompt_tokens, completion_tokens = v_used.completion_tokens,
      total_tokens = v_used.total_tokens, cached_tokens = v_used.cached_tokens,
      reasoning_tokens = v_used.reasoning_tokens, usage_is_estimated = v_used.is_estimated, cost = v_used.cost,
      first_token_ms = relay_finish.first_token_ms,
      bytes_per_token = coalesce(
        case when v_generation.asked_bot_id is null then relay.ratio_of(g.context_bytes, relay_finish.prompt_tokens) end,
        g.bytes_per_token
      )
    where g.stream_id = relay_finish.stream_id
    returning g.* into v_generation;
    perform relay.settle(v_before, v_generation);
    perform relay.learn(v_generation, v_reported.prompt_tokens, refused_window, refused_tokens);
    v_bot := relay.bot_asked(v_generation);
    v_due := relay.memory_due(v_generation, v_bot);
    v_title_due := relay.title_due(v_generation, v_bot);
    perform relay.count_end(v_generation, v_before, v_reported);
    if tried_bots is not null then
      perform relay.note_tries(v_generation, tried_bots, tried_codes);
    end if;
  end if;
  return relay.exact_ids(jsonb_build_object(
    'status', v_generation.status, 'is_complete', v_generation.status = 'completed', 'finish_reason',
    v_generation.finish_reason, 'error_code', v_generation.error_code, 'message_id', v_generation.message_id,
    'bot_id', v_generation.bot_id, 'model', v_generation.model
  ) || jsonb_strip_nulls(jsonb_build_object(
    'memory_due', v_due, 'title_due', v_title_due, 'cost', case when v_generation.prompt_tokens is not null
      and not v_generation.usage_is_estimated then v_generation.cost end
  )));
end;
$$;
comment on function public.relay_finish is
  'Stores message and ending once; a late, repeated or foreign call gets the stored ending. answered_by: the fallback '
  'that did; tried_bots and tried_codes: see relay.note_tries. expected_start: content must begin there. memory_due, '
  'title_due: the message up to which one should be written. cost: of what the provider has reported, where there '
  'is a price. Null: no such generation.';
revoke all on function public.relay_finish from public, anon, authenticated;
grant execute on function public.relay_finish to service_role;
