begin;
select plan(3);

select tests.given_tale('owner');
select tests.call_begin('owner', stream_id, conversation => 'tale') from unnest(array['first', 'second']) as stream_id;
select tests.call_beat('first', 0, 5, 'Once ');
select tests.call_beat('second', 0, 5, 'Twice');

select tests.call_finish('first', 'upon', start_at => 5);
select is(content, 'Once upon', 'each message has its own text') from public.messages where stream_id = 'first';
select is(relay.text_of('second'), 'Twice', 'the other one has its text still');
select is(text_units, 5, 'and where it ends') from relay.generations where stream_id = 'second';

select * from finish();
rollback;
