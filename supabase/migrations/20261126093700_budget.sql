-- The step of relay_begin that knows the model's window. Where no window is known, nothing is cut.

-- A limit among the params is the one that is asked for.
create function relay.reply_of(reply_tokens integer, params jsonb, context_tokens integer) returns integer
language plpgsql immutable set search_path = '' as $$
declare
  v_asked jsonb := coalesce(params -> 'max_completion_tokens', params -> 'max_tokens');
begin
  return case
    when jsonb_typeof(v_asked) = 'number' then greatest(least(v_asked::numeric, context_tokens * 0.9, 1000000), 1)
    when reply_tokens is not null then least(reply_tokens, context_tokens * 0.9)
    when context_tokens is not null then least(context_tokens / 4, 4096)
  end;
end;
$$;
comment on function relay.reply_of is 'How much of the window is kept free for the answer.';

create function relay.cut_of(
  bot public.bots, leaf_id relay.message_id, said text, system_bytes integer, given_bytes integer[], max_room integer
) returns relay.cut
language plpgsql stable set search_path = '' as $$
declare
  v_last constant relay.generations := relay.last_on_path(leaf_id, bot);
  v_params constant jsonb := case jsonb_typeof(bot.params) when 'object' then bot.params else '{}' end;
  v_model relay.models;
  v_room bigint;
  v_needed bigint;
  v_path record;
  v_cut relay.cut;
begin
  select m.* into v_model from relay.models m where m.endpoint = relay.endpoint_of(bot) and m.model = bot.model;
  v_cut.context_tokens := coalesce(bot.context_tokens, v_model.context_tokens);
  v_cut.reply_tokens := relay.reply_of(bot.reply_tokens, v_params, v_cut.context_tokens);
  v_cut.bytes_per_token := coalesce(v_last.bytes_per_token, v_model.bytes_per_token, 3);
  -- Instructions, the request's own and the bot's, and what of its params the model reads.
  v_cut.fixed_bytes := system_bytes + coalesce(octet_length(bot.system_prompt), 0) + coalesce(octet_length((
    select string_agg(v.value::text, '') from jsonb_each(v_params) v
    where v.key in ('tools', 'functions', 'response_format')
  )), 0) + 12;
  -- What is never cut: these, and what is answered.
  v_needed := v_cut.fixed_bytes + coalesce(
    octet_length(said) + 12, (select octet_length(m.content) + 12 from public.messages m where m.id = leaf_id), 0
  );
  v_cut.needed_tokens := ceil(v_needed / v_cut.bytes_per_token);
  -- A tenth in reserve.
  v_room := least(0.9 * (v_cut.context_tokens - v_cut.reply_tokens) * v_cut.bytes_per_token, max_room);
  -- The provider is asked where it may fit after all: its refusal teaches, the relay's own does not. Only what was
  -- measured on this branch says more than what any script can have.
  v_cut.is_exceeded := coalesce(v_needed > v_cut.context_tokens * case
    when relay.ratio_of(v_last.context_bytes, v_last.prompt_tokens) is not null then 1.25 * v_cut.bytes_per_token else 6
  end, false);

  if v_cut.context_tokens is null then
    v_cut.left_out := 0;
  elsif v_cut.is_exceeded then
    v_cut.steps := (said is null and leaf_id is not null)::integer;
  elsif given_bytes is not null then
    v_cut.left_out := relay.cut_given(given_bytes, v_cut.fixed_bytes, v_room);
  else
    v_path := relay.cut_path(
      leaf_id, v_last, case when said is null then v_cut.fixed_bytes else v_needed end, v_needed, v_room
    );
    v_cut.steps := v_path.steps;
    v_cut.start_id := v_path.start_id;
    v_cut.left_out := v_path.left_out;
  end if;
  v_cut.given_bytes := (
    select sum(g.bytes) from unnest(given_bytes) with ordinality as g (bytes, index)
    where g.index > v_cut.left_out
  );
  return v_cut;
end;
$$;
comment on function relay.cut_of is
  'What is known of the window, how much of the path is sent, and whether what cannot be left out is too much already.';
