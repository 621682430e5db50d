-- What a worker needs to test a bot: whether its address answers, its key is taken and its model is there.
create function public.relay_bot(user_id uuid, bot_id text) returns jsonb
language plpgsql stable set search_path = '' as $$
begin
  return (
    select jsonb_build_object(
      'access_key', relay.key_of(b.access_key, b.access_key_id), 'access_path', b.access_path, 'api', b.api,
      'model', b.model, 'temperature', b.temperature, 'params', b.params, 'headers', b.headers,
      'takes_system', b.takes_system, 'first_turn_is_user', b.first_turn_is_user, 'thinks_first', b.thinks_first,
      'context_tokens', b.context_tokens, 'learned_tokens', (
        select l.context_tokens from relay.models l where l.endpoint = relay.endpoint_of(b) and l.model = b.model
      )
    )
    from public.bots b
    where b.id = relay.to_bot_id(relay_bot.bot_id) and b.user_id = relay_bot.user_id
  );
end;
$$;
comment on function public.relay_bot is
  'What a test of a bot needs, the key included, and the window that a refusal has taught; null: it is not this user''s '
  'own. A share is not enough: the words of a provider are for the owner.';
revoke all on function public.relay_bot from public, anon, authenticated;
grant execute on function public.relay_bot to service_role;
