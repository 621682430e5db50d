begin; select plan(4);
select tests.given_tale('owner');
update public.conversations set updated_at = now() - interval '1 day';
select tests.given_bot('old bot', 'owner', now() - interval '1 day');
select tests.call_begin('owner', 'first', conversation => 'tale');
select ok(updated_at >= now(), 'a prompt touches the conversation') from public.conversations;
update public.conversations set updated_at = now() - interval '1 day';
select tests.call_finish('first');
select ok(updated_at >= now(), 'so does the answer') from public.conversations;
update public.bots set model = 'new model' where id = tests.key('old bot');
select ok(updated_at >= now(), 'a change touches the bot') from public.bots where id = tests.key('old bot');
select tests.call_begin('owner', 'second', reroll_of => 'first answer');
select results_eq(
  'select updated_at from public.bots where id = tests.key(''bot'')', 'select now()', 'being used does not');

select * from finish(); rollback;
