begin; select plan(6);
select tests.given_tale('owner');
select tests.given_expired('good', 'owner', 'Once', 'tale', 'second answer');
select tests.given_expired('taken', 'owner', 'Twice', 'tale', 'second answer');
select tests.back_date('taken', interval '1 minute');
-- As another relay on the same database might write it.
select tests.given_message('of another', 'tale', 'second answer', false, stream_id => 'taken');
set local client_min_messages = error;
select is(tests.call_sweep(), '{"closed": 1, "pruned": 0}', 'the others are ended');
select is(status, 'interrupted', 'with their messages') from relay.generations where stream_id = 'good';
select is(status, 'running', 'that one is left') from relay.generations where stream_id = 'taken';
select is(relay.text_of('taken'), 'Twice', 'with its text');
select is(tests.call_begin('owner', 'new', conversation => 'tale') ->> 'outcome', 'admitted', 'its user goes on, too');
select is(tests.call_cancel('owner', 'taken'), '{"status": "cancelling"}', 'and can ask for its end');

select * from finish(); rollback;
