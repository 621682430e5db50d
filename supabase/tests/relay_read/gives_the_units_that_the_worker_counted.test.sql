begin;
select plan(3);

select tests.make_user('owner');
select tests.given_generation('first', 'owner');
select tests.call_beat('first', 0, 2, E'\U0001F409');
select tests.call_beat('first', 2, 4, ' !');

select is(tests.call_read('owner', 'first', 2) ->> 'text', ' !', 'an emoji ends at two');
select is(tests.call_read('owner', 'first', 2) ->> 'start', '2', 'where the next piece begins');
select is(tests.call_read('owner', 'first', 1) ->> 'text', E'\U0001F409 !', 'amid it the whole piece is given');

select * from finish();
rollback;
