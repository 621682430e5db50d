-- The step of relay_begin that knows the model's window. Where no window is known, nothing is cut.

-- A limit in the params is the one that the provider gets, under the name that its API has for it.
create function relay.reply_of(reply_tokens integer, params jsonb, context_tokens integer) returns integer
language plpgsql immutable set search_path = '' as $$
declare
  v_asked jsonb := coalesce(
    params -> 'max_completion_tokens', params -> 'max_tokens', params -> 'max_output_tokens',
    params #> '{generationConfig,maxOutputTokens}', params -> 'maxOutputTokens'
  );
begin
  return case
    when jsonb_typeof(v_asked) = 'number' then greatest(least(v_asked::numeric, context_tokens * 0.9, 1000000), 1)
    when reply_tokens is not null then least(reply_tokens, context_tokens * 0.9)
    when context_tokens is not null then least(context_tokens / 4, 4096)
  end;
end;
$$;
comment on function relay.reply_of is 'How much of the window is kept free for the answer.';

-- The worker adds a turn of the user's if the bot's own message would be the last one, and another one that asks it to
-- continue.
create function relay.bytes_of_turns(bot public.bots, leaf_is_own boolean, continued text) returns integer
language plpgsql immutable set search_path = '' as $$
declare
  -- The bytes of GO_ON and CONTINUE in the worker, with 12 for each message.
  v_go_on constant integer := 18;
  v_continue constant integer := 217;
begin
  return case when leaf_is_own then v_go_on else 0 end
    -- OpenAI's Responses take no prefill.
    + case when continued is not null and not (bot.takes_prefill and bot.api <> 'openai_responses') then v_continue
      else 0 end;
end;
$$;
comment on function relay.bytes_of_turns is 'What the worker adds to the context so that there is a turn to answer.';

create function relay.cut_of(
  bot public.bots, leaf_id relay.message_id, said text, continued text, system_bytes integer, given_bytes integer[],
  max_room integer
) returns relay.cut
language plpgsql stable set search_path = '' as $$
declare
  v_last constant relay.generations := relay.last_on_path(leaf_id, bot);
  v_params constant jsonb := case jsonb_typeof(bot.params) when 'object' then bot.params else '{}' end;
  v_model relay.models;
  v_memory record;
  v_leaf_bytes integer;
  v_leaf_is_own boolean;
  v_room bigint;
  v_used bigint;
  v_needed bigint;
  v_path record;
  v_cut relay.cut;
begin
  select m.* into v_model from relay.models m where m.endpoint = relay.endpoint_of(bot) and m.model = bot.model;
  v_cut.context_tokens := coalesce(bot.context_tokens, v_model.context_tokens);
  v_cut.reply_tokens := relay.reply_of(bot.reply_tokens, v_params, v_cut.context_tokens);
  -- A model that has reported no usage yet is expected to answer with a page.
  v_cut.usual_reply_tokens := least(coalesce(v_model.usual_reply_tokens, 1000), case
    when bot.reply_tokens is not null or v_params ?| array['max_completion_tokens', 'max_tokens'] then v_cut.reply_tokens
  end);
  v_cut.bytes_per_token := coalesce(v_last.bytes_per_token, v_model.bytes_per_token, 3);
  -- The instructions of the request and of the bot, and the params that the model reads.
  v_cut.fixed_bytes := system_bytes + coalesce(octet_length(bot.system_prompt), 0)
    + coalesce(octet_length((v_params -> 'tools')::text), 0)
    + coalesce(octet_length((v_params -> 'functions')::text), 0)
    + coalesce(octet_length((v_params -> 'response_format')::text), 0) + 12;
  -- A memory is never cut, like the instructions.
  v_memory := relay.memory_of(case when given_bytes is null then leaf_id end);
  v_cut.memory_id := v_memory.message_id;
  v_cut.memory_characters := v_memory.characters;
  v_cut.memory_bytes := v_memory.bytes;
  v_cut.fixed_bytes := v_cut.fixed_bytes + coalesce(v_memory.bytes, 0);
  if said is null then
    select
      octet_length(m.content) + 12,
      not m.is_user_author and (m.bot_id = bot.id or relay.name_before(m.bot_id, bot.id) is null)
    into v_leaf_bytes, v_leaf_is_own
    from public.messages m
    where m.id = leaf_id;
  end if;
  v_cut.fixed_bytes := v_cut.fixed_bytes + relay.bytes_of_turns(bot, v_leaf_is_own, continued);
  -- What is never cut: these, the message that is answered, and the text that is continued.
  v_used := v_cut.fixed_bytes + coalesce(octet_length(coalesce(said, continued)) + 12, 0);
  v_needed := v_used + coalesce(v_leaf_bytes, 0);
  v_cut.needed_tokens := ceil(v_needed / v_cut.bytes_per_token);
  -- A tenth in reserve.
  v_room := case
    when v_cut.context_tokens is null then 9000000000
    else least(0.9 * (v_cut.context_tokens - v_cut.reply_tokens) * v_cut.bytes_per_token, max_room)
  end;
  -- The provider is asked if the request may fit after all, because its refusal teaches the window. Only a ratio that
  -- was measured on this branch is trusted; otherwise a token counts for the most bytes that one has in any script.
  v_cut.is_exceeded := coalesce(v_needed > v_cut.context_tokens * case
    when not v_last.usage_is_estimated and relay.ratio_of(v_last.context_bytes, v_last.prompt_tokens) is not null
      then 1.25 * v_cut.bytes_per_token
    else 6
  end, false);

  if v_cut.context_tokens is null and v_cut.memory_id is null then
    v_cut.left_out := 0;
  elsif v_cut.is_exceeded then
    v_cut.steps := (said is null and leaf_id is not null)::integer;
  elsif given_bytes is not null then
    v_cut.left_out := relay.cut_given(given_bytes, v_cut.fixed_bytes, v_room);
  else
    v_path := relay.cut_path(leaf_id, v_cut.memory_id, bot.id, v_last, v_used, v_needed, v_room);
    v_cut.steps := v_path.steps;
    v_cut.start_id := v_path.start_id;
    v_cut.left_out := v_path.left_out;
  end if;
  if given_bytes is not null then
    v_cut.given_bytes := (
      select sum(g.bytes) from unnest(given_bytes) with ordinality as g (bytes, index)
      where g.index > v_cut.left_out
    );
  end if;
  return v_cut;
end;
$$;
comment on function relay.cut_of is
  'What is known of the window, how much of the path is sent, and whether what cannot be left out is too much already.';

create function relay.sent_of(
  cut relay.cut, bot_id relay.bot_id, leaf_id relay.message_id, said text, continued text, max_context integer,
  context_is_given boolean, preview boolean, rate jsonb, out messages jsonb, out bytes bigint, out refused jsonb
)
language plpgsql stable set search_path = '' as $$
declare
  v_context jsonb;
begin
  if cut.is_exceeded and not preview then
    refused := relay.refusal('context_exceeded', rate, jsonb_build_object(
      'tokens', cut.needed_tokens, 'context_tokens', cut.context_tokens
    ));
  elsif not context_is_given then
    v_context := relay.context_of(
      leaf_id, max_context - coalesce(cut.memory_characters, 0), said, steps => cut.steps,
      answering => sent_of.bot_id, continued => continued
    );
    messages := v_context -> 'messages';
    bytes := v_context ->> 'bytes';
    if not (v_context ->> 'fits')::boolean then
      refused := relay.refusal('payload_too_large', rate, jsonb_build_object(
        'characters', (v_context ->> 'characters')::bigint + coalesce(cut.memory_characters, 0)
      ));
    end if;
  end if;
end;
$$;
comment on function relay.sent_of is
  'The messages of the context, which are null where the client has its own, and their bytes; or why it cannot be sent.';
