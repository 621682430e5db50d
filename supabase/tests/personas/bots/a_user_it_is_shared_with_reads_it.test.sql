begin;
select plan(7);

select tests.make_user('owner');
select tests.make_user('friend');
select tests.given_bot('bot', 'owner');
select tests.given_bot('private bot', 'owner');
select tests.given_share('bot', 'friend');
create temp table before as select tests.everything() as everything;

select tests.sign_in_as('friend');
select results_eq(
  $$ select name, model, system_prompt from public.bots $$,
  $$ values ('bot', 'model of bot', 'instructions of bot') $$, 'the shared bot is read, no other'
);
select throws_ok(
  $$ select access_key from public.bots $$, '42501', 'permission denied for table bots', 'its key is not'
);
select lives_ok($$ update public.bots set name = 'changed' $$, 'an update finds no row');
select lives_ok($$ update public.bots set access_path = 'https://elsewhere.example/v1' $$, 'of no column');
select lives_ok($$ delete from public.bots $$, 'a delete finds no row');
select throws_ok(
  $$ insert into public.bots (user_id, name) values (tests.id('owner'), 'forged') $$, '42501',
  'new row violates row-level security policy for table "bots"', 'nothing is added in the owner''s name'
);
select tests.sign_out();
select is(tests.everything(), everything, 'nothing has changed') from before;

select * from finish();
rollback;
