begin;
select plan(6);

select tests.make_user('owner');
select tests.given_bot('bot', 'owner');

select tests.sign_in_as('owner');
select lives_ok($$ insert into public.user_settings (user_id) values (tests.id('owner')) $$, 'they are made');
select lives_ok($$ update public.user_settings set default_bot_id = tests.id('bot') $$, 'an own bot is the default');
select results_eq(
  $$ select * from public.user_settings $$, $$ values (tests.id('owner'), tests.id('bot')) $$, 'they are read'
);
-- As supabase-js writes an upsert: every column that was sent is set.
select lives_ok(
  $$ insert into public.user_settings (user_id, default_bot_id) values (tests.id('owner'), null)
    on conflict (user_id) do update set user_id = excluded.user_id, default_bot_id = excluded.default_bot_id $$,
  'they are made or changed in one go'
);
select is(default_bot_id, null, 'the last change is kept') from public.user_settings;
select lives_ok($$ delete from public.user_settings $$, 'they are deleted');

select * from finish();
rollback;
