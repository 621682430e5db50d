begin;
select plan(4);

select tests.make_user('owner');
select tests.given_generation('first', 'owner');

select is(tests.call_cancel('owner', 'first'), '{"status": "cancelling"}', 'it is told that it will end');
select is(status, 'running', 'it runs until its worker has stored the text') from relay.generations;
select isnt(cancel_requested_at, null, 'the wish is kept') from relay.generations;
select is(fence, tests.id('fence of first'), 'its worker is still its worker') from relay.generations;

select * from finish();
rollback;
