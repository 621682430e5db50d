begin; select plan(4);
select tests.make_user('owner');
insert into relay.provider_tries (key, has_failed, started_at, at)
select tests.id('key'), true, now(), now() - make_interval(mins => m) from unnest(array[1, 4, 6, 60]) as m;
insert into relay.provider_health (key, owner_id, endpoint, model, since, rests_until) values
  (tests.id('old'), tests.id('owner'), 'old', 'model', now() - interval '2 days', null),
  (tests.id('rests'), tests.id('owner'), 'rests', 'model', now() - interval '2 days', now()),
  (tests.id('new'), tests.id('owner'), 'new', 'model', now(), null);
select tests.call_sweep('owner');
select is(count(*), 4::bigint, 'a sweep for one user leaves what is everybody''s') from relay.provider_tries;
select is(count(*), 3::bigint, 'all of it') from relay.provider_health;
select tests.call_sweep();
select is(count(*), 2::bigint, 'tries are forgotten after five minutes') from relay.provider_tries;
select set_eq('select endpoint from relay.provider_health', array['new', 'rests'], 'what nothing was heard of for a day, too');

select * from finish(); rollback;
