begin;
select plan(5);

select tests.given_tale('owner');
select tests.make_user('friend');
select tests.make_user('stranger');
select tests.given_share('bot', 'friend');
select tests.given_default_bot('bot', 'owner');
select tests.given_generation('first', 'owner', 'completed', 'tale');
create temp table before as select tests.everything() as everything;

select tests.sign_in_as('friend');
select is_empty($$ select id from public.conversations $$, 'no row is seen');
select throws_ok(
  $$ insert into public.conversations (user_id, title) values (tests.id('owner'), 'forged') $$,
  '42501', 'new row violates row-level security policy for table "conversations"', 'nothing is added in the owner''s name'
);
select lives_ok($$ update public.conversations set title = 'changed' $$, 'an update finds no row');
select lives_ok($$ delete from public.conversations $$, 'a delete finds no row');
select tests.sign_out();
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
