begin;
select plan(6);

select tests.make_user('owner');
select tests.make_user('friend');
select tests.given_bot('bot', 'owner');

select tests.sign_in_as('owner');
select lives_ok(
  $$ insert into public.bot_shares (bot_id, user_id) values (tests.id('bot'), tests.id('friend')) $$, 'a bot is shared'
);
select results_eq(
  $$ select bot_id, user_id from public.bot_shares $$, $$ values (tests.id('bot'), tests.id('friend')) $$,
  'its owner sees with whom'
);
select throws_ok(
  $$ insert into public.bot_shares (bot_id, user_id) values (tests.id('bot'), tests.id('friend')) $$, '23505',
  'duplicate key value violates unique constraint "bot_shares_pkey"', 'once with each'
);
select throws_ok(
  $$ update public.bot_shares set user_id = tests.id('owner') $$, '42501', 'permission denied for table bot_shares',
  'a share is not changed'
);
select lives_ok($$ delete from public.bot_shares $$, 'it is ended');
select is_empty('select 1 from public.bot_shares', 'it is gone');

select * from finish();
rollback;
