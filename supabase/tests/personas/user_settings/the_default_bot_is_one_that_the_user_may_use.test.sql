begin;
select plan(6);

select tests.make_user('owner');
select tests.make_user('friend');
select tests.given_bot('shared bot', 'owner');
select tests.given_bot('private bot', 'owner');
select tests.given_share('shared bot', 'friend');

select tests.sign_in_as('friend');
select lives_ok(
  $$ insert into public.user_settings (user_id, default_bot_id) values (tests.id('friend'), tests.id('shared bot')) $$,
  'a shared bot may be the default'
);
select throws_ok(
  format('update public.user_settings set default_bot_id = tests.id(%L)', bot), '42501',
  'new row violates row-level security policy for table "user_settings"', bot || ' may not'
) from unnest(array['private bot', 'no bot']) as bot;
delete from public.user_settings;
select throws_ok(
  format('insert into public.user_settings (user_id, default_bot_id) values (tests.id(%L), tests.id(%L))', 'friend', bot),
  '42501', 'new row violates row-level security policy for table "user_settings"', bot || ' may not from the start'
) from unnest(array['private bot', 'no bot']) as bot;
select is_empty('select 1 from public.user_settings', 'nothing is stored');

select * from finish();
rollback;
