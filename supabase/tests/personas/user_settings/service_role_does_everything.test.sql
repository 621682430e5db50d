begin;
select plan(4);

select tests.given_tale('owner');
select tests.make_user('friend');
select tests.make_user('stranger');
select tests.given_share('bot', 'friend');
select tests.given_default_bot('bot', 'owner');
select tests.given_generation('first', 'owner', 'completed', 'tale');
create temp table before as select tests.everything() as everything;

select tests.sign_in_as_service();
select isnt_empty($$ select * from public.user_settings $$, 'it reads all columns of all rows');
select lives_ok(
  $$ insert into public.user_settings (user_id) values (tests.id('stranger')) $$,
  'it adds'
);
select lives_ok($$ update public.user_settings set default_bot_id = null $$, 'it changes');
select lives_ok($$ delete from public.user_settings $$, 'it deletes');

select * from finish();
rollback;
