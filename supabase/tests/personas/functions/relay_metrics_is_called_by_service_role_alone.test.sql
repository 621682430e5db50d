begin;
select plan(6);

select tests.given_tale('owner');
select tests.make_user('friend');
select tests.make_user('stranger');
select tests.given_share('bot', 'friend');
create temp table before as select tests.everything() as everything;

select tests.sign_in_as_anon();
select throws_ok(
  $$ select public.relay_metrics() $$,
  '42501', 'permission denied for function relay_metrics', 'not by anon'
);
select tests.sign_in_as('stranger');
select throws_ok(
  $$ select public.relay_metrics() $$,
  '42501', 'permission denied for function relay_metrics', 'not by a stranger'
);
select tests.sign_in_as('friend');
select throws_ok(
  $$ select public.relay_metrics() $$,
  '42501', 'permission denied for function relay_metrics', 'not by a user the bot is shared with'
);
select tests.sign_in_as('owner');
select throws_ok(
  $$ select public.relay_metrics() $$,
  '42501', 'permission denied for function relay_metrics', 'not by the owner'
);

select tests.sign_out();
select is(tests.everything(), everything, 'nothing has changed') from before;
select tests.sign_in_as_service();
select lives_ok(
  $$ select public.relay_metrics() $$,
  'by service_role'
);

select * from finish();
rollback;
