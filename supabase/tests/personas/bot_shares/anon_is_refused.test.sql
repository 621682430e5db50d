begin;
select plan(5);

select tests.given_tale('owner');
select tests.make_user('friend');
select tests.make_user('stranger');
select tests.given_share('bot', 'friend');
select tests.given_default_bot('bot', 'owner');
select tests.given_generation('first', 'owner', 'completed', 'tale');
create temp table before as select tests.everything() as everything;

select tests.sign_in_as_anon();
select throws_ok(
  $$ select bot_id from public.bot_shares $$,
  '42501', 'permission denied for table bot_shares', 'anon reads nothing'
);
select throws_ok(
  $$ insert into public.bot_shares (bot_id, user_id) values (tests.id('bot'), tests.id('stranger')) $$,
  '42501', 'permission denied for table bot_shares', 'anon adds nothing'
);
select throws_ok(
  $$ update public.bot_shares set user_id = tests.id('stranger') $$,
  '42501', 'permission denied for table bot_shares', 'anon changes nothing'
);
select throws_ok(
  $$ delete from public.bot_shares $$,
  '42501', 'permission denied for table bot_shares', 'anon deletes nothing'
);
select tests.sign_out();
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
