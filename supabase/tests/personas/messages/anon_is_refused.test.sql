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
  $$ select id from public.messages $$,
  '42501', 'permission denied for table messages', 'anon reads nothing'
);
select throws_ok(
  $$ insert into public.messages (user_id, conversation_id, content)
    values (tests.id('owner'), tests.id('tale'), 'forged') $$,
  '42501', 'permission denied for table messages', 'anon adds nothing'
);
select throws_ok(
  $$ update public.messages set content = 'changed' $$,
  '42501', 'permission denied for table messages', 'anon changes nothing'
);
select throws_ok(
  $$ delete from public.messages $$,
  '42501', 'permission denied for table messages', 'anon deletes nothing'
);
select tests.sign_out();
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
