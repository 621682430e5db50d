begin;
select plan(6);

select tests.make_user('owner');
select tests.make_user('friend');
select tests.given_bot('shared bot', 'owner');
select tests.given_bot('private bot', 'owner');
select tests.given_share('shared bot', 'friend');

select tests.sign_in_as('friend');
select lives_ok(
  $$ insert into public.conversations (user_id, bot_id) values (tests.id('friend'), tests.id('shared bot')) $$,
  'a shared bot may answer'
);
select throws_ok(
  format('update public.conversations set bot_id = tests.id(%L)', bot), '42501',
  'Cannot set the bot of the conversation: there is no such bot', bot || ' may not'
) from unnest(array['private bot', 'no bot']) as bot;
select throws_ok(
  format('insert into public.conversations (user_id, bot_id) values (tests.id(%L), tests.id(%L))', 'friend', bot),
  '42501', 'Cannot set the bot of the conversation: there is no such bot', bot || ' may not from the start'
) from unnest(array['private bot', 'no bot']) as bot;
select results_eq(
  'select bot_id from public.conversations', $$ values (tests.id('shared bot')) $$, 'nothing has changed'
);

select * from finish();
rollback;
