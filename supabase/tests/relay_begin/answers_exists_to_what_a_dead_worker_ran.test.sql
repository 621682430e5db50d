begin;
select plan(3);

select tests.given_tale('owner');
select tests.given_expired('first', 'owner', 'Once', 'tale', 'second answer');

select is(tests.call_begin('owner', 'first') ->> 'outcome', 'exists', 'it is not run again');
select is(status, 'interrupted', 'it has ended') from relay.generations;
select is(tests.leaf_of('tale'), 'Once', 'with the text that there was');

select * from finish();
rollback;
