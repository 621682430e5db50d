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
  $$ select id from public.conversations $$,
  '42501', 'permission denied for table conversations', 'anon reads nothing'
);
select throws_ok(
  $$ insert into public.conversations (user_id, title) values (tests.id('owner'), 'forged') $$,
  '42501', 'permission denied for table conversations', 'anon adds nothing'
);
select throws_ok(
  $$ update public.conversations set title = 'changed' $$,
  '42501', 'permission denied for table conversations', 'anon changes nothing'
);
select throws_ok(
  $$ delete from public.conversations $$,
  '42501', 'permission denied for table conversations', 'anon deletes nothing'
);
select tests.sign_out();
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
