begin;
select plan(9);

select tests.given_tale('owner');

select tests.violates(
  $$ update public.messages set finish_reason = 'stop' where id = tests.id('first question') $$, 'messages',
  'messages_of_users_have_no_outcome', 'a user does not finish for a reason'
);
select tests.violates(
  $$ update public.messages set usage = '{}' where id = tests.id('first question') $$, 'messages',
  'messages_of_users_have_no_outcome', 'a user uses no tokens'
);
select tests.violates(
  $$ update public.messages set bot_id = tests.id('bot') where id = tests.id('first question') $$, 'messages',
  'messages_of_users_have_no_outcome', 'a user is no bot'
);
select tests.violates(
  format('update public.messages set finish_reason = %L where id = tests.id(%L)', reason, 'first answer'), 'messages',
  'messages_stopped_early_are_incomplete', 'what ended by ' || reason || ' is not complete'
) from unnest(array['cancelled', 'disconnected', 'timeout', 'interrupted', 'error']) as reason;
select lives_ok(
  $$ update public.messages set finish_reason = 'length', usage = '{}', bot_id = tests.id('bot')
    where id = tests.id('first answer') $$, 'what the provider ended is'
);

select * from finish();
rollback;
