begin;
select plan(2);

insert into relay.counters (series_id, slot, value)
select s.id, slot, slot + 100 from relay.series s, unnest(array[0, 7, -12]) as slot where s.name = 'sweeps_total';

select is(tests.all_counted(), '{"sweeps_total": 295}', 'also of those that one session has for itself');
select tests.call_sweep();
select is(tests.all_counted(), '{"sweeps_total": 296}', 'whichever one grows');

select * from finish();
rollback;
