begin;
select plan(4);

select tests.make_user('owner');
select tests.given_bot('bot', 'owner');

select ok(
  not has_column_privilege(role, 'public.bots', 'access_key', 'select'), 'not by ' || role
) from unnest(array['anon', 'authenticated']) as role;
select ok(has_column_privilege('service_role', 'public.bots', 'access_key', 'select'), 'but by service_role');

select tests.sign_in_as_service();
select is(access_key, 'key of bot', 'which the relay asks as') from public.bots;

select * from finish();
rollback;
